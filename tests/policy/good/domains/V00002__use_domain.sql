CREATE TABLE IF NOT EXISTS contacts (id bigint PRIMARY KEY, email email_address NOT NULL);
