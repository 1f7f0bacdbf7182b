-- A migration may refuse to go on.
DO $$
BEGIN
    IF EXISTS (SELECT FROM balances WHERE cents < 0) THEN
        RAISE EXCEPTION 'there are negative balances: correct them first';
    END IF;
END
$$;
