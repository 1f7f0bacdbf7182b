ALTER FUNCTION whoami() SET search_path = pg_catalog;
