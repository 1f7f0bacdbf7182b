-- ATTACH takes SHARE UPDATE EXCLUSIVE on the parent, PARTITION OF would take ACCESS EXCLUSIVE.
CREATE TABLE IF NOT EXISTS measurements_2026_03 (LIKE measurements INCLUDING ALL);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'measurements_2026_03'::regclass) THEN
        ALTER TABLE measurements ATTACH PARTITION measurements_2026_03
            FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
    END IF;
END
$$;
