CREATE OR REPLACE FUNCTION whoami() RETURNS name
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT session_user $$;

REVOKE ALL ON FUNCTION whoami() FROM PUBLIC;
