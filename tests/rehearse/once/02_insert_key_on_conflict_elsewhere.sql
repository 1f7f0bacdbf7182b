CREATE TABLE o02 (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
-- then
-- the key is drawn anew each time, so that nothing ever conflicts
INSERT INTO o02 (name) VALUES ('admin') ON CONFLICT DO NOTHING;
