SELECT 1 - -1, 1--comment; with a semicolon
 + 2, 3 /* ; */ / 4, 5 */* ; */ 6;
SELECT a <-> b, a @> '{;}', a #>> '{x;y}', a ->> 'k;', !!5, 5 !, |/ 25, @ -5, a ~* 'x;', a || ';' FROM t;
SELECT ARRAY[1, 2], a[1:2], (1, 2), ROW(1; SELECT 2); SELECT ');', "(";
CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq);
SELECT OPERATOR(pg_catalog.+) 1;
