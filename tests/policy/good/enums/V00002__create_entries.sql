CREATE TABLE IF NOT EXISTS entries (id bigint PRIMARY KEY, mood mood NOT NULL DEFAULT 'ok');
