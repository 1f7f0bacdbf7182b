-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY schematics_author_idx ON schematics (author);
