CREATE INDEX IF NOT EXISTS idx_posts_original_id ON posts (originalid);
