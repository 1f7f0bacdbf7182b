DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'parts'::regclass AND conname = 'parts_weight_check'
    ) THEN
        ALTER TABLE parts ADD CONSTRAINT parts_weight_check CHECK (weight > 0) NOT VALID;
    END IF;
END
$$;
