-- The unique keys to come, built beside those that are in use.
--
-- CREATE INDEX in a transaction takes SHARE: nobody writes to the two tables until the file is done. That is well
-- under a second for the thousands of rows of this registry.
-- dbtask:allow(blocking-index): thousands of rows, well under a second
CREATE UNIQUE INDEX IF NOT EXISTS components_publisher_id_name_key ON components (publisher_id, name);
-- dbtask:allow(blocking-index): thousands of rows, well under a second
CREATE UNIQUE INDEX IF NOT EXISTS versions_publisher_id_component_name_number_key
    ON versions (publisher_id, component_name, number);
