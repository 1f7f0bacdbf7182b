-- Another result type: PostgreSQL does not replace that.
DROP FUNCTION IF EXISTS half(integer);
CREATE OR REPLACE FUNCTION half(value integer) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN value / 2.0;
