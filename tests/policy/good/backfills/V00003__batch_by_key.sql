WITH batch AS (
    SELECT id FROM readings WHERE parsed IS NULL ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
)
UPDATE readings SET parsed = raw::numeric FROM batch WHERE readings.id = batch.id;
