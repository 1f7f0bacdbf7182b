DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'events'::regclass AND conname = 'events_size_wide_not_null'
    ) THEN
        ALTER TABLE events ADD CONSTRAINT events_size_wide_not_null CHECK (size_wide IS NOT NULL) NOT VALID;
    END IF;
END
$$;
