CREATE TABLE users (id bigint PRIMARY KEY, public_id uuid);
