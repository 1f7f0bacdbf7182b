ALTER TABLE tasks ADD COLUMN IF NOT EXISTS assignee_id bigint;
