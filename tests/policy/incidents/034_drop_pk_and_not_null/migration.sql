ALTER TABLE legacy_jobs
    DROP CONSTRAINT IF EXISTS legacy_jobs_id_not_null,
    DROP CONSTRAINT IF EXISTS legacy_jobs_pkey;
