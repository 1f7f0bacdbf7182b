CREATE TABLE t15 (a int);
-- then
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 't15_a_check' AND conrelid = 't15'::regclass) THEN
    ALTER TABLE t15 ADD CONSTRAINT t15_a_check CHECK (a > 0) NOT VALID;
  END IF;
END $$;
ALTER TABLE t15 VALIDATE CONSTRAINT t15_a_check;
