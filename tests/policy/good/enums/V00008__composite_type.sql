DO $$
BEGIN
    IF to_regtype('money_amount') IS NULL THEN
        CREATE TYPE money_amount AS (amount numeric(12, 2), currency char(3));
    END IF;
END
$$;
