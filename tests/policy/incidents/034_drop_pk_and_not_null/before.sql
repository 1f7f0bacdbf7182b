CREATE TABLE legacy_jobs (
    id bigint CONSTRAINT legacy_jobs_id_not_null NOT NULL, CONSTRAINT legacy_jobs_pkey PRIMARY KEY (id)
);
