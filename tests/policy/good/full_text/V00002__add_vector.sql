-- Empty, and filled by a trigger and in batches: a generated column would rewrite the table.
ALTER TABLE pages ADD COLUMN IF NOT EXISTS body_vector tsvector;
