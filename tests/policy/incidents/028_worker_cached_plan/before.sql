CREATE TABLE jobs (id bigint PRIMARY KEY, task text NOT NULL);
