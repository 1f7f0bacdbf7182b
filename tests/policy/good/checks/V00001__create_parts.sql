CREATE TABLE IF NOT EXISTS parts (id bigint PRIMARY KEY, weight integer, kind text NOT NULL DEFAULT 'a');
