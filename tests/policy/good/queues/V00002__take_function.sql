CREATE OR REPLACE FUNCTION take_job(wanted text) RETURNS SETOF jobs LANGUAGE sql AS $$
    UPDATE jobs SET attempts = attempts + 1
    WHERE id = (
        SELECT id FROM jobs WHERE queue = wanted AND done_at IS NULL AND run_at <= now()
        ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING *
$$;
