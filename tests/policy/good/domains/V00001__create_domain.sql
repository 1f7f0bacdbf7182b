DO $$
BEGIN
    IF to_regtype('email_address') IS NULL THEN
        CREATE DOMAIN email_address AS text CHECK (VALUE ~ '@');
    END IF;
END
$$;
