-- Proves V00007 for the old rows too.
--
-- Reads the whole table, under SHARE UPDATE EXCLUSIVE: reading and writing go on. In the file that added the
-- constraint it would read under that file's ACCESS EXCLUSIVE instead. On a valid constraint it does nothing.
ALTER TABLE versions VALIDATE CONSTRAINT versions_publisher_id_not_null;
