CREATE TABLE o20 (a int);
-- then
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'o20_a_positive') THEN
    ALTER TABLE o20 ADD CHECK (a > 0);
  END IF;
END $$;
