CREATE TABLE IF NOT EXISTS authors (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE IF NOT EXISTS works (id bigint PRIMARY KEY, title text NOT NULL);
CREATE TABLE IF NOT EXISTS authorships (
    author_id bigint NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    work_id bigint NOT NULL REFERENCES works (id) ON DELETE CASCADE,
    PRIMARY KEY (author_id, work_id)
);
CREATE INDEX IF NOT EXISTS authorships_work_id_idx ON authorships (work_id);
