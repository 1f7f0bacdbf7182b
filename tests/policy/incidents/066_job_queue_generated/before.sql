CREATE TABLE oban_jobs (id bigint PRIMARY KEY, meta jsonb NOT NULL DEFAULT '{}');
