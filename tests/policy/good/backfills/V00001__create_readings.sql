CREATE TABLE IF NOT EXISTS readings (id bigint PRIMARY KEY, raw text NOT NULL, parsed numeric);
INSERT INTO readings (id, raw) SELECT n, n::text FROM generate_series(1, 300) AS n ON CONFLICT DO NOTHING;
