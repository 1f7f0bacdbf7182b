-- Versions from before V00005 get their component's publisher.
--
-- One statement is right for up to about a hundred thousand rows. It keeps a lock on every row that it changes
-- until the file is done: on a bigger table let a script do it in batches before (`app/examples/backfill.rs` is
-- the pattern), and this file then finds nothing left. The last condition makes it find nothing the second time.
UPDATE versions
SET publisher_id = components.publisher_id
FROM components
WHERE components.name = versions.component_name
  AND versions.publisher_id IS NULL;
