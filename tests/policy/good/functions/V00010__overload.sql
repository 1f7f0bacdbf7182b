CREATE OR REPLACE FUNCTION full_name(names text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT array_to_string(names, ' ') $$;
COMMENT ON FUNCTION full_name(text[]) IS 'all of them, by spaces';
