DROP MATERIALIZED VIEW IF EXISTS beds_by_name;
CREATE MATERIALIZED VIEW beds_by_name AS SELECT name, sum(beds) AS beds FROM rooms GROUP BY name;
CREATE UNIQUE INDEX IF NOT EXISTS beds_by_name_key ON beds_by_name (name);
