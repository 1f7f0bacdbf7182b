-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS members_mentor_id_idx ON members (mentor_id);
