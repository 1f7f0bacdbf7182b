CREATE TABLE IF NOT EXISTS old_currencies (code char(3) PRIMARY KEY, name text NOT NULL);
INSERT INTO old_currencies (code, name) SELECT code, name FROM currencies WHERE digits = 0 ON CONFLICT DO NOTHING;
