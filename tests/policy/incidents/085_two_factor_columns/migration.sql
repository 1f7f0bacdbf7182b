-- dbtask:no-transaction
ALTER TABLE users ADD COLUMN require_two_factor boolean NOT NULL DEFAULT false;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_require_two_factor_idx ON users (require_two_factor);
