ALTER TABLE parts DROP CONSTRAINT IF EXISTS parts_kind_check;
ALTER TABLE parts ADD CONSTRAINT parts_kind_check CHECK (kind IN ('a', 'b')) NOT VALID;
