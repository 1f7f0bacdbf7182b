-- A wider list: the old constraint goes in the instant in which the new one comes.
ALTER TABLE parts
    DROP CONSTRAINT IF EXISTS parts_kind_check,
    ADD CONSTRAINT parts_kind_check CHECK (kind IN ('a', 'b', 'c')) NOT VALID;
