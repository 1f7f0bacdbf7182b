-- Two publishers may now use the same name. A unique key that a foreign key refers to is changed in this order:
-- drop the foreign key, change the keys, make the foreign key again, NOT VALID; V00012 validates it.
--
-- All of it is one transaction: at no moment can anybody write a version of a component that does not exist.
-- The locks are ACCESS EXCLUSIVE on both tables, and nothing is read under them.

-- Drop the foreign key. PostgreSQL refuses to drop the key below while this one refers to it.
ALTER TABLE versions DROP CONSTRAINT IF EXISTS versions_component_name_fkey;

-- Change the keys: the new ones are the indexes of V00010.
ALTER TABLE components DROP CONSTRAINT IF EXISTS components_name_key;
ALTER TABLE versions DROP CONSTRAINT IF EXISTS versions_component_name_number_key;

-- Make the foreign key again. Under its old name a second run of this file would drop it and lose its validity.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'versions'::regclass AND conname = 'versions_publisher_id_component_name_fkey'
    ) THEN
        ALTER TABLE versions
            ADD CONSTRAINT versions_publisher_id_component_name_fkey
            FOREIGN KEY (publisher_id, component_name) REFERENCES components (publisher_id, name) NOT VALID;
    END IF;
END
$$;
