CREATE TABLE IF NOT EXISTS measurements (
    sensor_id bigint NOT NULL,
    at timestamptz NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (sensor_id, at)
) PARTITION BY RANGE (at);

CREATE TABLE IF NOT EXISTS measurements_2026_01 PARTITION OF measurements
    FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE IF NOT EXISTS measurements_2026_02 PARTITION OF measurements
    FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE INDEX IF NOT EXISTS measurements_at_idx ON measurements (at);
