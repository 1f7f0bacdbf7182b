CREATE OR REPLACE FUNCTION numbers_to(last integer) RETURNS TABLE (n integer, square bigint)
LANGUAGE sql IMMUTABLE
AS 'SELECT n, n::bigint * n FROM generate_series(1, last) AS n';
