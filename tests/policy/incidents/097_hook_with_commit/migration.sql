BEGIN;
CREATE OR REPLACE FUNCTION token_hook(event jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT event $$;
COMMIT;
