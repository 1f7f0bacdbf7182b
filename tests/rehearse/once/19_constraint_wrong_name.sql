CREATE TABLE o19 (a int);
-- then
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'o19_a_positive') THEN
    ALTER TABLE o19 ADD CONSTRAINT o19_a_check CHECK (a > 0);
  END IF;
END $$;
