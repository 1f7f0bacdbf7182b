CREATE TABLE IF NOT EXISTS letters (id bigint PRIMARY KEY, address text NOT NULL, body text);
