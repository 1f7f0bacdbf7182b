CREATE TABLE IF NOT EXISTS corrections (reading_id bigint PRIMARY KEY REFERENCES readings (id), value numeric NOT NULL);
INSERT INTO corrections VALUES (1, 1.5) ON CONFLICT DO NOTHING;
UPDATE readings SET parsed = c.value FROM corrections AS c WHERE c.reading_id = readings.id AND parsed <> c.value;
