CREATE TABLE callrecord (id bigint PRIMARY KEY, started_at timestamptz NOT NULL);
