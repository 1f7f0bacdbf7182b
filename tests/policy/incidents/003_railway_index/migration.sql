ALTER TABLE deployments ADD COLUMN IF NOT EXISTS group_id bigint;
CREATE INDEX IF NOT EXISTS deployments_group_id_idx ON deployments (group_id);
