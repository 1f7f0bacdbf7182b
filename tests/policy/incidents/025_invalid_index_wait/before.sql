CREATE TABLE threads (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, closed_at timestamptz);
