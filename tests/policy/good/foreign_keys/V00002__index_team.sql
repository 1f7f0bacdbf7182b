-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS members_team_id_idx ON members (team_id);
