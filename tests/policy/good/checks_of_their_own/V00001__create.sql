CREATE TABLE IF NOT EXISTS balances (id bigint PRIMARY KEY, cents bigint NOT NULL DEFAULT 0);
