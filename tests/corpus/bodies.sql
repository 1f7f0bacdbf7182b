/* Bodies in dollar quotes, and bodies without quotes. /* Nested; */ ; */
CREATE FUNCTION one(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
    -- a comment; with a semicolon
    IF a > 0 THEN RETURN CASE WHEN a = 1 THEN 2 ELSE 3 END; END IF;
    EXECUTE $q$ SELECT 1; $q$;
    RETURN 0;
END;
$body$;
CREATE OR REPLACE FUNCTION two(a int) RETURNS int RETURN a + 1;
CREATE FUNCTION three(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
    SELECT 1;
    SELECT CASE WHEN a > 0 THEN 1 ELSE 2 END;
END;
create or replace procedure four() begin atomic
    insert into t values (1); delete from t where "end" = 1;
end;
CREATE PROCEDURE five() LANGUAGE sql BEGIN ATOMIC END;
DO $$ BEGIN PERFORM 1; END $$;
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION one();
CREATE VIEW v AS SELECT CASE WHEN true THEN 1 END AS c;
CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b);
BEGIN; SELECT 1; END;
CREATE SCHEMA s CREATE TABLE t (id int) CREATE VIEW v AS SELECT * FROM t;
