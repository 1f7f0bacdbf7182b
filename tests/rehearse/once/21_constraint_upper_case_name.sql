CREATE TABLE o21 (a int);
-- then
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'O21_Key') THEN
    ALTER TABLE o21 ADD CONSTRAINT O21_Key UNIQUE (a);
  END IF;
END $$;
