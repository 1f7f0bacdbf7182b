CREATE TABLE IF NOT EXISTS flags (id bigint PRIMARY KEY, enabled text);
