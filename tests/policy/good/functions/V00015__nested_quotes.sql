CREATE OR REPLACE FUNCTION make_select(table_name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $outer$
BEGIN
    RETURN format($inner$SELECT * FROM %I WHERE note = 'it''s; fine'$inner$, table_name);
END
$outer$;
