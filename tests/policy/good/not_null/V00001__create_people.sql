CREATE TABLE IF NOT EXISTS people (id bigint PRIMARY KEY, email text, phone text);

INSERT INTO people (id, email) VALUES (1, 'a@example.org'), (2, NULL) ON CONFLICT DO NOTHING;
