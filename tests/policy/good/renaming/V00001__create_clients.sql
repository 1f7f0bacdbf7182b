CREATE TABLE IF NOT EXISTS clients (id bigint PRIMARY KEY, fullname text);
