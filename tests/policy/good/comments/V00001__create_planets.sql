CREATE TABLE IF NOT EXISTS planets (id bigint PRIMARY KEY, name text NOT NULL);
