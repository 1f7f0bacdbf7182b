CREATE TABLE IF NOT EXISTS timers (id bigint PRIMARY KEY, every interval NOT NULL, at time with time zone);
