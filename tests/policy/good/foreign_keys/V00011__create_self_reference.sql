CREATE TABLE IF NOT EXISTS folders (
    id bigint PRIMARY KEY,
    parent_id bigint REFERENCES folders (id)
);

CREATE INDEX IF NOT EXISTS folders_parent_id_idx ON folders (parent_id);
