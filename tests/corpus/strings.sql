-- strings of every kind; none of the semicolons in them ends a statement
SELECT 'a;b', 'it''s; fine', E'it\'s; fine', e'\\', E'\\;';
SELECT E'it''s \'; one text', 'but' E'it\'s; another';
SELECT U&'d\0061t\+000061;', U&"d\0061t;", B'0101', x'1F;', N'national;';
SELECT 'first'
    '; second';
SELECT $$one; $ two; 'three;$$, $tag$ $$ ; $other$ ; $tag$, $_1$;$_1$, $ä$;$ä$;
SELECT "a;b", "a"";b", a$b$c, x$1;
SELECT 1 AS "select", 'ünïcödé; 日本';
PREPARE p (int, text) AS SELECT $1+$2::int, $1;
SELECT 1.5e10, 1e5, .5, 1_000, 0x1F, 5.;
