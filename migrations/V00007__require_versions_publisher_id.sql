-- From here on no row is written without a publisher; every running binary has to set it by now.
--
-- NOT VALID leaves the old rows unread, so that ACCESS EXCLUSIVE lasts an instant. ADD CONSTRAINT has no
-- IF NOT EXISTS: the block asks the catalog.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'versions'::regclass AND conname = 'versions_publisher_id_not_null'
    ) THEN
        ALTER TABLE versions
            ADD CONSTRAINT versions_publisher_id_not_null CHECK (publisher_id IS NOT NULL) NOT VALID;
    END IF;
END
$$;
