DROP FUNCTION IF EXISTS least_of(integer[]);
