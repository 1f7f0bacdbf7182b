CREATE FUNCTION o33() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- then
DO $$ BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION o33() RETURNS int LANGUAGE sql AS %L', (SELECT prosrc FROM pg_proc WHERE proname = 'o33') || ' + 1');
END $$;
