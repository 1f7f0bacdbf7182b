CREATE TABLE o40 (id int) PARTITION BY LIST (id);
-- then
DO $$ DECLARE n int := (SELECT count(*) FROM pg_inherits WHERE inhparent = 'o40'::regclass); BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS o40_%s PARTITION OF o40 FOR VALUES IN (%s)', n, n);
END $$;
