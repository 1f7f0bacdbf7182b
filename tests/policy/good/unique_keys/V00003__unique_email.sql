-- The index of the file before becomes the constraint: an instant.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'accounts'::regclass AND conname = 'accounts_email_key'
    ) THEN
        ALTER TABLE accounts ADD CONSTRAINT accounts_email_key UNIQUE USING INDEX accounts_email_key;
    END IF;
END
$$;
