CREATE TABLE IF NOT EXISTS diaries (id bigint PRIMARY KEY, owner name NOT NULL, text text);
CREATE OR REPLACE VIEW my_diaries WITH (security_invoker = true) AS SELECT id, text FROM diaries;
