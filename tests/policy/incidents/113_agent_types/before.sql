CREATE TABLE agents (id bigint PRIMARY KEY, type text NOT NULL, CONSTRAINT agents_type_check CHECK (type IN ('sales', 'si')));
INSERT INTO agents VALUES (1, 'sales'), (2, 'si');
