CREATE OR REPLACE PROCEDURE walk_words(INOUT total int) LANGUAGE plpgsql AS $p$
<<outer>>
DECLARE
    c CURSOR (least int) FOR SELECT * FROM words WHERE level > least FOR UPDATE;
    w words%ROWTYPE;
DECLARE
    "Label" text COLLATE "C" NOT NULL := 'none';
    numbers int[] := '{1,2}';
    n CONSTANT int := 5;
    limit int;
    i words.level%TYPE DEFAULT 0;
BEGIN
    OPEN c (3);
    LOOP
        FETCH NEXT FROM c INTO w;
        EXIT outer WHEN NOT FOUND;
        UPDATE words SET level = level + 1 WHERE CURRENT OF c;
    END LOOP;
    CLOSE c;
    FOREACH i IN ARRAY numbers LOOP RAISE DEBUG '%', i; END LOOP;
    FOR i IN REVERSE 10..1 BY 2 LOOP CONTINUE WHEN i > 3; END LOOP;
    WHILE i > 10 LOOP EXIT; END LOOP;
    CASE i WHEN 1, 2 THEN NULL; ELSE RETURN; END CASE;
    IF i = 1 THEN NULL; ELSIF i = 2 THEN RAISE division_by_zero; ELSE RAISE NOTICE '%% of %', n; END IF;
    SELECT count(*), max(name) INTO STRICT i, "Label" FROM words;
    SELECT 3 INTO limit FROM words;
    INSERT INTO words (name) VALUES ('x') ON CONFLICT DO NOTHING RETURNING name INTO w.name;
    WITH changed AS (UPDATE words SET level = 1 WHERE name = 'x' RETURNING level) SELECT level INTO i FROM changed;
    numbers[1] := numbers[2] + 4;
    w.name = 'x';
    EXECUTE format('SELECT count(*) FROM %I WHERE level > $1', 'words') INTO total USING n;
    GET DIAGNOSTICS i = ROW_COUNT;
    ASSERT total >= 0, 'no words';
EXCEPTION
    WHEN SQLSTATE '22012' OR unique_violation THEN
        GET STACKED DIAGNOSTICS "Label" = MESSAGE_TEXT;
        RAISE WARNING USING MESSAGE = "Label", HINT = 'look', ERRCODE = '22012';
END
$p$;
