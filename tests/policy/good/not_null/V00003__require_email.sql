-- Binds new rows; the old ones are not read.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'people'::regclass AND conname = 'people_email_not_null'
    ) THEN
        ALTER TABLE people ADD CONSTRAINT people_email_not_null CHECK (email IS NOT NULL) NOT VALID;
    END IF;
END
$$;
