-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS components_publisher_id_name_key ON components (publisher_id, name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS releases_publisher_component_idx ON releases (publisher_id, component_name);
