CREATE TABLE o23 (a int DEFAULT 1);
-- then
DO $$ BEGIN
  IF (SELECT column_default FROM information_schema.columns WHERE table_name = 'o23') = '1' THEN
    ALTER TABLE o23 ALTER COLUMN a SET DEFAULT 2;
  ELSE
    ALTER TABLE o23 ALTER COLUMN a SET DEFAULT 1;
  END IF;
END $$;
