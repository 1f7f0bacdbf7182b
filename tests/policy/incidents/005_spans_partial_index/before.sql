CREATE TABLE spans (id bigint PRIMARY KEY, attributes jsonb NOT NULL DEFAULT '{}');
