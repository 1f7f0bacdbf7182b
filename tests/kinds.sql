-- One of every kind of object that pg_dump knows, and of every kind of value that a digest could trip over.
CREATE SCHEMA "Odd schema";
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TYPE "Odd schema".point3 AS (x float8, y float8, z float8);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE COLLATION german (provider = icu, locale = 'de');
CREATE SEQUENCE "Odd schema"."up and down" INCREMENT -3 START 7 MAXVALUE 7 MINVALUE -100 CYCLE;
SELECT nextval('"Odd schema"."up and down"'), nextval('"Odd schema"."up and down"');

CREATE TABLE "Odd schema"."Ünïcode ""table""" (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY,
    "weird column" text COLLATE german DEFAULT 'x',
    doubled bigint GENERATED ALWAYS AS (number * 2) STORED,
    number bigint
);
INSERT INTO "Odd schema"."Ünïcode ""table""" ("weird column", number) VALUES (E'tab\tnew\nline\\', 1), (NULL, NULL), ('日本', -5);
COMMENT ON COLUMN "Odd schema"."Ünïcode ""table"""."weird column" IS 'it''s odd';

CREATE TABLE every_value (
    a smallint, b numeric, c float4, d float8, e bytea, f timestamptz, g timestamp, h date, i time, j timetz, k interval,
    l boolean, m uuid, n json, o jsonb, p int[], q text[][], r mood, s "Odd schema".point3, t int4range, u floats, v positive,
    w inet, x macaddr, y bit(5), z varbit, aa money, ab point, ac polygon, ad tsvector, ae tsquery, af xml, ag regclass, ah char(7),
    ai "char", aj name, ak cidr, al box, am circle, an int8multirange
);
INSERT INTO every_value VALUES (
    -1, 1.2300, 1.1, 0.1, '\xdeadbeef', '2020-02-29 12:34:56.789+05', '0044-03-15 00:00 BC', 'infinity', '23:59:60', '12:00+03',
    '1 year -2 days 3.5 seconds', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b":1,  "a":[1,2]}', '{"b":1,"a":null}', '{1,NULL,3}',
    '{{a,"b c"},{"",NULL}}', 'it''s ok', '(1,NaN,-Infinity)', '[1,5)', '(0.1,0.2]', 3, '::1/64', '08:00:2b:01:02:03', B'10101', B'1',
    12.34, '(1,2)', '((0,0),(1,1),(1,0))', 'a fat cat', 'fat & !rat', '<a b="c">d</a>', 'users', 'padded', 'x', 'a name', '10.0.0.0/8',
    '((0,0),(1,1))', '<(0,0),1>', '{[1,3),[5,9)}'
);
INSERT INTO every_value VALUES (
    NULL, 'NaN', 'Infinity', '-0', '', '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'null', 'null', '{}', '{}'
);

CREATE TABLE parent (id int, note text);
CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (2, 'c', 3);
CREATE TABLE measures (at date NOT NULL, value int, PRIMARY KEY (at)) PARTITION BY RANGE (at);
CREATE TABLE measures_old PARTITION OF measures FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE measures_new PARTITION OF measures DEFAULT PARTITION BY HASH (at);
CREATE TABLE measures_new_0 PARTITION OF measures_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE measures_new_1 PARTITION OF measures_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO measures SELECT '2019-12-25'::date + g, g FROM generate_series(1, 20) g;
CREATE UNLOGGED TABLE unlogged (id int);
INSERT INTO unlogged VALUES (1);
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
CREATE TABLE dropped (a int, b int, c int);
INSERT INTO dropped VALUES (1, 2, 3);
ALTER TABLE dropped DROP COLUMN b;
CREATE TABLE typed OF "Odd schema".point3;
INSERT INTO typed VALUES (1, 2, 3);
CREATE TABLE owner_less (id int PRIMARY KEY, ref int REFERENCES owner_less DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING gist (int4range(id, id + 1) WITH &&)) WITH (fillfactor = 70);
INSERT INTO owner_less VALUES (1, 2), (2, 1);
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE owner_less ADD CONSTRAINT later CHECK (id > 1) NOT VALID;

CREATE INDEX part_of ON every_value (lower(aj::text)) WHERE l;
CREATE UNIQUE INDEX with_more ON dropped (c DESC NULLS LAST) INCLUDE (a);
CREATE STATISTICS together (dependencies) ON a, c FROM dropped;
ALTER TABLE dropped REPLICA IDENTITY FULL, ALTER a SET STATISTICS 500;
CLUSTER measures_old USING measures_old_pkey;

CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 * 2';
CREATE PROCEDURE nothing_much() LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''never''; END';
CREATE FUNCTION heard() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE AGGREGATE product (int8) (sfunc = int8mul, stype = int8, initcond = '1');
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq, commutator = ===);
CREATE OPERATOR FAMILY own_family USING btree;
CREATE OPERATOR CLASS own_class FOR TYPE positive USING btree FAMILY own_family AS STORAGE positive;
CREATE CAST (mood AS positive) WITH INOUT;
CREATE TEXT SEARCH CONFIGURATION own_search (COPY = simple);
CREATE TEXT SEARCH DICTIONARY own_words (TEMPLATE = simple, STOPWORDS = english);
CREATE CONVERSION own_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

CREATE VIEW seen WITH (security_barrier) AS SELECT id, note FROM parent WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW summed AS SELECT count(*) AS n FROM measures;
CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
CREATE RULE elsewhere AS ON DELETE TO seen DO INSTEAD NOTHING;
CREATE TRIGGER never BEFORE INSERT OR UPDATE ON child FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE child DISABLE TRIGGER never;
CREATE EVENT TRIGGER heard ON ddl_command_end EXECUTE FUNCTION heard();
ALTER EVENT TRIGGER heard DISABLE;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON parent AS RESTRICTIVE FOR SELECT USING (id < 10);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER there FOREIGN DATA WRAPPER nowhere OPTIONS (host 'x');
CREATE FOREIGN TABLE far (id int) SERVER there OPTIONS (name 'y');
CREATE PUBLICATION news FOR TABLE parent WITH (publish = 'insert');
CREATE ACCESS METHOD own_heap TYPE TABLE HANDLER heap_tableam_handler;
ALTER DEFAULT PRIVILEGES IN SCHEMA "Odd schema" GRANT SELECT ON TABLES TO PUBLIC;
GRANT SELECT (id), UPDATE (note) ON parent TO PUBLIC;
REVOKE EXECUTE ON FUNCTION twice(int) FROM PUBLIC;
SELECT lo_from_bytea(4242, decode(repeat('00ff', 3000), 'hex'));
COMMENT ON LARGE OBJECT 4242 IS 'large';
