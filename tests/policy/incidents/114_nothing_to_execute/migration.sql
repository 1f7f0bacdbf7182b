DO $$
BEGIN
    EXECUTE (
        SELECT string_agg(
            format('ALTER TABLE %I ALTER COLUMN %I TYPE text', table_name, column_name), '; ')
        FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'character varying'
    );
END
$$;
