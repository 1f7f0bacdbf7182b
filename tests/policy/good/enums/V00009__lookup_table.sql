-- Where values come and go a table is better than a type.
CREATE TABLE IF NOT EXISTS states (name text PRIMARY KEY, position smallint NOT NULL);
INSERT INTO states (name, position) VALUES ('open', 1), ('closed', 2) ON CONFLICT (name) DO NOTHING;
