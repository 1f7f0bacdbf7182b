-- Proves the foreign key of V00011 for the rows that were there before.
--
-- Reads all versions under SHARE UPDATE EXCLUSIVE, and holds ROW SHARE on `components`: reading and writing go on.
ALTER TABLE versions VALIDATE CONSTRAINT versions_publisher_id_component_name_fkey;
