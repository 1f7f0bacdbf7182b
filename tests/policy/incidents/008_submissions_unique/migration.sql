DELETE FROM submissions AS later USING submissions AS first
WHERE later.quest_id = first.quest_id AND later.user_id = first.user_id AND later.id > first.id
  AND NOT later.completed AND NOT first.completed;
CREATE UNIQUE INDEX IF NOT EXISTS one_open_submission ON submissions (quest_id, user_id) WHERE NOT completed;
