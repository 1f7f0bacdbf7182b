-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_public_id_key ON users (public_id);
