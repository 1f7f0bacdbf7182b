-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS releases_package_id_idx ON releases (package_id);
