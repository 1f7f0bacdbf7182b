-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_open_by_priority_idx
    ON jobs (queue, priority DESC, run_at) WHERE done_at IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS jobs_open_idx;
