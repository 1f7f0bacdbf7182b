CREATE TABLE IF NOT EXISTS settings (key text PRIMARY KEY, value jsonb NOT NULL);
INSERT INTO settings VALUES ('theme', '"dark"') ON CONFLICT ON CONSTRAINT settings_pkey DO NOTHING;
