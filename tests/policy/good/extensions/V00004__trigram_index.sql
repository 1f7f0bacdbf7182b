-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS logins_name_trgm_idx
    ON logins USING gin ((name::text) extensions.gin_trgm_ops);
