CREATE OR REPLACE FUNCTION least_of(VARIADIC items integer[]) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$ SELECT min(i) FROM unnest(items) AS i $$;
