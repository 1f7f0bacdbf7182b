CREATE TABLE IF NOT EXISTS addresses (id bigint PRIMARY KEY, city text, zip text);
