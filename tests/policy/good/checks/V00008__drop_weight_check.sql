ALTER TABLE parts DROP CONSTRAINT IF EXISTS parts_weight_check;
