CREATE TABLE t22 (a int);
-- then
DO $$ BEGIN
  IF EXISTS (SELECT FROM information_schema.columns WHERE table_name = 't22' AND column_name = 'a') THEN
    ALTER TABLE t22 RENAME COLUMN a TO b;
  END IF;
END $$;
