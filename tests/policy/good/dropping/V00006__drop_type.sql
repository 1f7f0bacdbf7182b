DO $$
BEGIN
    IF to_regtype('spare_type') IS NULL THEN
        CREATE TYPE spare_type AS ENUM ('x');
    END IF;
END
$$;
