-- In this order: drop the foreign key, change the key, make the foreign key again.
ALTER TABLE releases DROP CONSTRAINT IF EXISTS releases_component_name_fkey;
ALTER TABLE components DROP CONSTRAINT IF EXISTS components_name_key;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'releases'::regclass AND conname = 'releases_component_fkey'
    ) THEN
        ALTER TABLE releases
            ADD CONSTRAINT releases_component_fkey
            FOREIGN KEY (publisher_id, component_name) REFERENCES components (publisher_id, name) NOT VALID;
    END IF;
END
$$;
