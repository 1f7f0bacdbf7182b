CREATE TABLE IF NOT EXISTS books (id bigint PRIMARY KEY, title text NOT NULL, price numeric NOT NULL DEFAULT 0);
