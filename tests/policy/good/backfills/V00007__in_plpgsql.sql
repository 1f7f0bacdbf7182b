DO $$
DECLARE
    filled bigint;
BEGIN
    LOOP
        UPDATE readings SET parsed = 0
        WHERE id IN (SELECT id FROM readings WHERE parsed IS NULL LIMIT 50);
        GET DIAGNOSTICS filled = ROW_COUNT;
        EXIT WHEN filled = 0;
    END LOOP;
END
$$;
