CREATE TABLE blocks (id bigint PRIMARY KEY, author text, observed_at timestamptz);
