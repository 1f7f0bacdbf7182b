CREATE TABLE t17 (id int PRIMARY KEY); CREATE TABLE t17_child (id int);
-- then
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 't17_fk' AND conrelid = 't17_child'::regclass) THEN
    ALTER TABLE t17_child ADD CONSTRAINT t17_fk FOREIGN KEY (id) REFERENCES t17;
  END IF;
END $$;
