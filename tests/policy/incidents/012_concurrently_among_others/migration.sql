ALTER TABLE outbox ADD COLUMN IF NOT EXISTS posted_at timestamptz;
UPDATE outbox SET posted_at = now() WHERE posted_at IS NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_posted_at_idx ON outbox (posted_at);
