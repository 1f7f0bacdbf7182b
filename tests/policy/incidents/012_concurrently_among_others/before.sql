CREATE TABLE outbox (id bigint PRIMARY KEY, job_id bigint NOT NULL);
