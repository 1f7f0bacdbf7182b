DO $$
BEGIN
    IF to_regtype('mood') IS NULL THEN
        CREATE TYPE mood AS ENUM ('sad', 'ok');
    END IF;
END
$$;
