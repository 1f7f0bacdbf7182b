CREATE TABLE IF NOT EXISTS stream_snapshots (
    stream_id uuid PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    version bigint NOT NULL,
    state jsonb NOT NULL
);
