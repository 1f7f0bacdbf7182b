DO $$
BEGIN
    CREATE TYPE colour AS ENUM ('red', 'green');
EXCEPTION
    WHEN duplicate_object THEN NULL;
END
$$;
