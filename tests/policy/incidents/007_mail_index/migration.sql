CREATE INDEX IF NOT EXISTS idx_activity_bulk ON activity (workspace_id, email) WHERE bulk AND archived_at IS NOT NULL;
