CREATE TABLE IF NOT EXISTS aliases (
    id bigint PRIMARY KEY, name text NOT NULL, valid_until date,
    CONSTRAINT aliases_name_key UNIQUE NULLS NOT DISTINCT (name, valid_until)
);
