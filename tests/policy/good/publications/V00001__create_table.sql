CREATE TABLE IF NOT EXISTS replicated (id bigint PRIMARY KEY, note text);
