CREATE OR REPLACE FUNCTION count_words() RETURNS integer LANGUAGE 'plpgsql' AS '
DECLARE
    n integer;
BEGIN
    SELECT count(*) INTO n FROM words WHERE name <> ''INTO n'';
    RETURN n;
END
';
