CREATE TABLE IF NOT EXISTS events (id integer PRIMARY KEY, size integer NOT NULL DEFAULT 0);

INSERT INTO events (id, size) SELECT n, n FROM generate_series(1, 50) AS n ON CONFLICT DO NOTHING;
