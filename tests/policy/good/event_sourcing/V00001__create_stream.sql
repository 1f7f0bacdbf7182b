CREATE TABLE IF NOT EXISTS streams (id uuid PRIMARY KEY, version bigint NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS stream_events (
    stream_id uuid NOT NULL REFERENCES streams (id),
    version bigint NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (stream_id, version)
);
CREATE OR REPLACE RULE stream_events_no_update AS ON UPDATE TO stream_events DO INSTEAD NOTHING;
