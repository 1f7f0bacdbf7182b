-- Pairs of schemas that differ in one attribute of one kind of object. A base, and changes to it:
--   ==  begins a base
--   --  begins a change, and names what it must show as: `KIND: ATTRIBUTE`, `added: KIND` or `missing: KIND`; what follows in
--       parentheses tells changes apart; [N] is for servers from N on, [-N] for those before
-- The roles facts_reader, facts_writer and the superuser facts_super exist.

== an empty database
SELECT 1;
-- added: schema
CREATE SCHEMA s;
-- added: extension
CREATE EXTENSION citext;
-- added: table
CREATE TABLE t ();
-- added: view
CREATE VIEW v AS SELECT 1 AS one;
-- added: materialized view
CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
-- added: sequence
CREATE SEQUENCE s;
-- added: function
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- added: procedure
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
-- added: aggregate
CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int);
-- added: type (enum)
CREATE TYPE e AS ENUM ('a');
-- added: type (composite)
CREATE TYPE c AS (a int);
-- added: type (range)
CREATE TYPE r AS RANGE (SUBTYPE = int);
-- added: type (shell)
CREATE TYPE s;
-- added: domain
CREATE DOMAIN d AS int;
-- added: cast
CREATE CAST (text AS int) WITH INOUT AS ASSIGNMENT;
-- added: operator
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
-- added: operator (with one that is only named)
CREATE FUNCTION eq(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR ~== (LEFTARG = int, RIGHTARG = int, FUNCTION = eq); CREATE OPERATOR ==~ (LEFTARG = int, RIGHTARG = int, FUNCTION = eq, NEGATOR = !!~);
DROP OPERATOR ==~ (int, int);
-- added: operator family
CREATE OPERATOR FAMILY f USING btree;
-- added: collation
CREATE COLLATION c FROM "C";
-- added: text search configuration
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
-- added: text search dictionary
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
-- added: text search parser
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
-- added: text search template
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize);
-- added: conversion
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- added: language
CREATE FUNCTION l_call() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; CREATE LANGUAGE l HANDLER l_call;
-- added: access method
CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler;
-- added: foreign-data wrapper
CREATE FOREIGN DATA WRAPPER w;
-- added: publication
CREATE PUBLICATION p;
-- added: subscription
CREATE SUBSCRIPTION s CONNECTION 'host=nowhere.invalid' PUBLICATION p WITH (connect = false);
-- added: default privileges
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO facts_reader;
-- added: privileges (function)
REVOKE EXECUTE ON FUNCTION pg_sleep(double precision) FROM PUBLIC;
-- added: privileges (table)
GRANT SELECT ON pg_authid TO facts_reader;
-- added: privileges (column)
GRANT SELECT (rolname) ON pg_authid TO facts_reader;
-- added: privileges (language)
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
-- schema: grants (public, to a role)
GRANT CREATE ON SCHEMA public TO facts_writer;
-- schema: grants (public, from everybody)
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
-- schema: owner (public, made again) [15]
DROP SCHEMA public; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'standard public schema';
-- schema: owner (public)
ALTER SCHEMA public OWNER TO facts_writer;
-- added: comment (public)
COMMENT ON SCHEMA public IS 'ours';
-- added: comment (public, none)
COMMENT ON SCHEMA public IS NULL;

== a schema
CREATE SCHEMA s;
-- missing: schema
DROP SCHEMA s;
-- added: schema (renamed)
ALTER SCHEMA s RENAME TO z;
-- schema: owner
ALTER SCHEMA s OWNER TO facts_writer;
-- schema: grants
GRANT USAGE ON SCHEMA s TO facts_reader;
-- schema: grants (another privilege)
GRANT CREATE ON SCHEMA s TO facts_reader;
-- schema: grants (grant option)
GRANT USAGE ON SCHEMA s TO facts_reader WITH GRANT OPTION;
-- schema: grants (everybody)
GRANT USAGE ON SCHEMA s TO PUBLIC;
-- schema: grants (the owner has none)
REVOKE ALL ON SCHEMA s FROM postgres;
-- added: comment
COMMENT ON SCHEMA s IS 'x';
-- added: default privileges (tables)
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO facts_reader;
-- added: default privileges (sequences)
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON SEQUENCES TO facts_reader;
-- added: default privileges (functions)
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT EXECUTE ON FUNCTIONS TO facts_reader;
-- added: default privileges (types)
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON TYPES TO facts_reader;
-- added: default privileges (another role's)
ALTER DEFAULT PRIVILEGES FOR ROLE facts_writer IN SCHEMA s GRANT SELECT ON TABLES TO facts_reader;

== default privileges
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO facts_reader;
-- default privileges: grants (another role)
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO facts_writer;
-- default privileges: grants (another privilege)
ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO facts_reader;
-- default privileges: grants (grant option)
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO facts_reader WITH GRANT OPTION;
-- missing: default privileges
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM facts_reader;
-- added: default privileges (from everybody)
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- added: default privileges (schemas)
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO facts_reader;

== an extension
CREATE SCHEMA s;
CREATE EXTENSION citext;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (a citext);
CREATE INDEX i ON t (a);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- missing: extension
DROP EXTENSION citext CASCADE;
-- extension: schema
ALTER EXTENSION citext SET SCHEMA s;
-- comment: text (extension)
COMMENT ON EXTENSION citext IS 'another';
-- added: privileges (member function)
REVOKE EXECUTE ON FUNCTION citext_eq(citext, citext) FROM PUBLIC;
-- added: privileges (member type)
REVOKE USAGE ON TYPE citext FROM PUBLIC;
-- function: depends_on_extensions
ALTER FUNCTION f() DEPENDS ON EXTENSION citext;
-- index: depends_on_extensions
ALTER INDEX i DEPENDS ON EXTENSION citext;
-- materialized view: depends_on_extensions
ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION citext;
-- trigger: depends_on_extensions
ALTER TRIGGER t ON t DEPENDS ON EXTENSION citext;

== a table
CREATE SCHEMA s;
CREATE TYPE ty AS (a int, b text);
CREATE TABLE t (a int, b text, c numeric(10, 2), d timestamptz, e bytea);
CREATE TABLE typed OF ty;
CREATE INDEX i ON t (a);
-- missing: table
DROP TABLE t;
-- added: table (renamed)
ALTER TABLE t RENAME TO z;
-- added: table (another schema)
ALTER TABLE t SET SCHEMA s;
-- table: persistence
ALTER TABLE t SET UNLOGGED;
-- table: row_security
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- table: forced_row_security
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- table: replica_identity (full)
ALTER TABLE t REPLICA IDENTITY FULL;
-- table: replica_identity (nothing)
ALTER TABLE t REPLICA IDENTITY NOTHING;
-- table: options.fillfactor
ALTER TABLE t SET (fillfactor = 70);
-- table: options.autovacuum_enabled
ALTER TABLE t SET (autovacuum_enabled = off);
-- table: options.parallel_workers
ALTER TABLE t SET (parallel_workers = 2);
-- table: toast_options.autovacuum_enabled
ALTER TABLE t SET (toast.autovacuum_enabled = off);
-- table: owner
ALTER TABLE t OWNER TO facts_writer;
-- table: grants (SELECT)
GRANT SELECT ON t TO facts_reader;
-- table: grants (INSERT)
GRANT INSERT ON t TO facts_reader;
-- table: grants (UPDATE)
GRANT UPDATE ON t TO facts_reader;
-- table: grants (DELETE)
GRANT DELETE ON t TO facts_reader;
-- table: grants (TRUNCATE)
GRANT TRUNCATE ON t TO facts_reader;
-- table: grants (REFERENCES)
GRANT REFERENCES ON t TO facts_reader;
-- table: grants (TRIGGER)
GRANT TRIGGER ON t TO facts_reader;
-- table: grants (MAINTAIN) [17]
GRANT MAINTAIN ON t TO facts_reader;
-- table: grants (everybody)
GRANT SELECT ON t TO PUBLIC;
-- table: grants (grant option)
GRANT SELECT ON t TO facts_reader WITH GRANT OPTION;
-- table: grants (the owner lacks one)
REVOKE DELETE ON t FROM postgres;
-- table: grants (the owner has none)
REVOKE ALL ON t FROM postgres;
-- table: grants (by another grantor)
GRANT SELECT ON t TO facts_writer WITH GRANT OPTION; SET LOCAL ROLE facts_writer; GRANT SELECT ON t TO facts_reader; RESET ROLE;
-- table: of_type
ALTER TABLE typed NOT OF;
-- table: access_method
CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE z (a int) USING h; DROP TABLE t; ALTER TABLE z RENAME TO t;
-- table: column_order
ALTER TABLE t DROP COLUMN a; ALTER TABLE t ADD COLUMN a int;
-- added: comment (table)
COMMENT ON TABLE t IS 'x';
-- added: comment (column)
COMMENT ON COLUMN t.a IS 'x';
-- added: column
ALTER TABLE t ADD COLUMN z int;
-- missing: column
ALTER TABLE t DROP COLUMN b;
-- added: column (renamed)
ALTER TABLE t RENAME COLUMN a TO z;
-- column: type
ALTER TABLE t ALTER COLUMN a TYPE bigint;
-- column: type (modifier)
ALTER TABLE t ALTER COLUMN c TYPE numeric(12, 2);
-- column: type (array)
ALTER TABLE t ALTER COLUMN b TYPE text[] USING NULL;
-- column: type (precision of a time)
ALTER TABLE t ALTER COLUMN d TYPE timestamptz(3);
-- column: not_null
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- column: collation
ALTER TABLE t ALTER COLUMN b TYPE text COLLATE "C";
-- column: storage
ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL;
-- column: storage (main)
ALTER TABLE t ALTER COLUMN e SET STORAGE MAIN;
-- column: compression
ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz;
-- column: statistics
ALTER TABLE t ALTER COLUMN a SET STATISTICS 500;
-- column: statistics (none)
ALTER TABLE t ALTER COLUMN a SET STATISTICS 0;
-- column: options.n_distinct
ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5);
-- column: options.n_distinct_inherited
ALTER TABLE t ALTER COLUMN a SET (n_distinct_inherited = 5);
-- column: grants (SELECT)
GRANT SELECT (a) ON t TO facts_reader;
-- column: grants (INSERT)
GRANT INSERT (a) ON t TO facts_reader;
-- column: grants (UPDATE)
GRANT UPDATE (a) ON t TO facts_reader;
-- column: grants (REFERENCES)
GRANT REFERENCES (a) ON t TO facts_reader;
-- column: grants (grant option)
GRANT SELECT (a) ON t TO facts_reader WITH GRANT OPTION;
-- added: default
ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;
-- added: default (a function)
ALTER TABLE t ALTER COLUMN d SET DEFAULT now();
-- column: identity (always)
ALTER TABLE t ALTER COLUMN a SET NOT NULL; ALTER TABLE t ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY;
-- column: identity (by default)
ALTER TABLE t ALTER COLUMN a SET NOT NULL; ALTER TABLE t ALTER COLUMN a ADD GENERATED BY DEFAULT AS IDENTITY;
-- column: generated
ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text GENERATED ALWAYS AS (a::text) STORED;
-- column: generated (virtual) [18]
ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text GENERATED ALWAYS AS (a::text) VIRTUAL;
-- column: not_null_constraint.name [18]
ALTER TABLE t ADD CONSTRAINT has_a NOT NULL a;
-- column: not_null_constraint.no_inherit [18]
ALTER TABLE t ADD NOT NULL a NO INHERIT;
-- column: not_null_constraint.valid [18]
ALTER TABLE t ADD NOT NULL a NOT VALID;
-- table: inherits
CREATE TABLE z (a int); ALTER TABLE t INHERIT z;
-- added: constraint (primary key)
ALTER TABLE t ADD PRIMARY KEY (a);
-- added: constraint (unique)
ALTER TABLE t ADD UNIQUE (b);
-- added: constraint (check)
ALTER TABLE t ADD CHECK (a > 0);
-- added: constraint (exclusion)
ALTER TABLE t ADD EXCLUDE (a WITH =);
-- added: index
CREATE INDEX z ON t (b);
-- added: trigger
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- added: rule
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
-- added: policy
CREATE POLICY p ON t;
-- added: statistics
CREATE STATISTICS st ON a, b FROM t;

== columns with properties
CREATE TABLE t (
    a int NOT NULL DEFAULT 1, b text COLLATE "C", c int GENERATED ALWAYS AS IDENTITY, d int GENERATED ALWAYS AS (1 + 1) STORED, e serial
);
COMMENT ON COLUMN t.a IS 'x';
ALTER TABLE t ALTER COLUMN a SET STATISTICS 10, ALTER COLUMN a SET (n_distinct = 3), ALTER COLUMN b SET STORAGE MAIN;
-- default: expression
ALTER TABLE t ALTER COLUMN a SET DEFAULT 2;
-- missing: default
ALTER TABLE t ALTER COLUMN a DROP DEFAULT;
-- column: not_null (dropped)
ALTER TABLE t ALTER COLUMN a DROP NOT NULL;
-- column: collation (dropped)
ALTER TABLE t ALTER COLUMN b TYPE text;
-- column: identity (dropped)
ALTER TABLE t ALTER COLUMN c DROP IDENTITY;
-- column: identity
ALTER TABLE t ALTER COLUMN c SET GENERATED BY DEFAULT;
-- sequence: start (identity)
ALTER TABLE t ALTER COLUMN c SET START WITH 7;
-- sequence: increment (identity)
ALTER TABLE t ALTER COLUMN c SET INCREMENT BY 7;
-- sequence: minimum (identity)
ALTER TABLE t ALTER COLUMN c SET MINVALUE -7;
-- sequence: maximum (identity)
ALTER TABLE t ALTER COLUMN c SET MAXVALUE 7000;
-- sequence: cache (identity)
ALTER TABLE t ALTER COLUMN c SET CACHE 7;
-- sequence: cycle (identity)
ALTER TABLE t ALTER COLUMN c SET CYCLE;
-- added: sequence (identity, renamed)
ALTER SEQUENCE t_c_seq RENAME TO z;
-- sequence: grants (identity)
GRANT USAGE ON SEQUENCE t_c_seq TO facts_reader;
-- added: comment (identity sequence)
COMMENT ON SEQUENCE t_c_seq IS 'x';
-- column: generated (dropped)
ALTER TABLE t ALTER COLUMN d DROP EXPRESSION;
-- column: expression
ALTER TABLE t DROP COLUMN d, DROP COLUMN e; ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (1 + 2) STORED, ADD COLUMN e serial;
-- sequence: owned_by (serial)
ALTER SEQUENCE t_e_seq OWNED BY NONE;
-- sequence: owned_by (another column)
ALTER SEQUENCE t_e_seq OWNED BY t.a;
-- missing: default (serial)
ALTER TABLE t ALTER COLUMN e DROP DEFAULT;
-- column: statistics (dropped)
ALTER TABLE t ALTER COLUMN a SET STATISTICS -1;
-- column: options.n_distinct (dropped)
ALTER TABLE t ALTER COLUMN a RESET (n_distinct);
-- column: storage (back)
ALTER TABLE t ALTER COLUMN b SET STORAGE EXTENDED;
-- comment: text
COMMENT ON COLUMN t.a IS 'y';
-- missing: comment
COMMENT ON COLUMN t.a IS NULL;

== constraints
CREATE TABLE p (a int PRIMARY KEY, b int UNIQUE, UNIQUE (a, b));
CREATE TABLE t (
    a int, b int, c text,
    CONSTRAINT pk PRIMARY KEY (a), CONSTRAINT un UNIQUE (b), CONSTRAINT ck CHECK (a > 0), CONSTRAINT ex EXCLUDE (c WITH =),
    CONSTRAINT fk FOREIGN KEY (b) REFERENCES p
);
-- missing: constraint (primary key)
ALTER TABLE t DROP CONSTRAINT pk;
-- missing: constraint (unique)
ALTER TABLE t DROP CONSTRAINT un;
-- missing: constraint (check)
ALTER TABLE t DROP CONSTRAINT ck;
-- missing: constraint (exclusion)
ALTER TABLE t DROP CONSTRAINT ex;
-- missing: constraint (foreign key)
ALTER TABLE t DROP CONSTRAINT fk;
-- added: constraint (renamed primary key)
ALTER TABLE t RENAME CONSTRAINT pk TO pk2;
-- added: constraint (renamed check)
ALTER TABLE t RENAME CONSTRAINT ck TO ck2;
-- added: constraint (renamed foreign key)
ALTER TABLE t RENAME CONSTRAINT fk TO fk2;
-- constraint: definition (primary key, columns)
ALTER TABLE t DROP CONSTRAINT pk; ALTER TABLE t ADD CONSTRAINT pk PRIMARY KEY (a, b);
-- constraint: definition (primary key, order)
ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD CONSTRAINT un UNIQUE (b, a);
-- constraint: definition (unique, include)
ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD CONSTRAINT un UNIQUE (b) INCLUDE (c);
-- constraint: definition (unique, deferrable)
ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD CONSTRAINT un UNIQUE (b) DEFERRABLE;
-- constraint: definition (unique, initially deferred)
ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD CONSTRAINT un UNIQUE (b) DEFERRABLE INITIALLY DEFERRED;
-- constraint: definition (unique, nulls not distinct) [15]
ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD CONSTRAINT un UNIQUE NULLS NOT DISTINCT (b);
-- constraint: definition (without overlaps) [18]
CREATE EXTENSION btree_gist; ALTER TABLE t DROP CONSTRAINT un; ALTER TABLE t ADD COLUMN z daterange; ALTER TABLE t ADD CONSTRAINT un UNIQUE (b, z WITHOUT OVERLAPS);
-- constraint: options.fillfactor
ALTER INDEX pk SET (fillfactor = 70);
-- constraint: clustered
ALTER TABLE t CLUSTER ON pk;
-- constraint: replica_identity
ALTER TABLE t REPLICA IDENTITY USING INDEX pk;
-- constraint: definition (check, expression)
ALTER TABLE t DROP CONSTRAINT ck; ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 1);
-- added: constraint (check, between and more)
ALTER TABLE t ADD CONSTRAINT sk CHECK (a BETWEEN 1 AND 5 AND c <> '' AND a NOT IN (2, 3));
-- added: constraint (check, in a list of varchar)
ALTER TABLE t ADD COLUMN s varchar(9), ADD CONSTRAINT sk CHECK (s IN ('a, b', 'it''s') AND s NOT IN ('c', 'd'));
-- added: index (with a predicate in a list of varchar)
ALTER TABLE t ADD COLUMN s varchar(9); CREATE INDEX sk ON t (a) WHERE s IN ('a', 'b') AND a BETWEEN 1 AND 5 AND c <> '';
-- added: view (between and more)
CREATE VIEW sk AS SELECT a FROM t WHERE (a BETWEEN 1 AND 5 AND c <> '') OR a NOT BETWEEN 1 AND 9 OR c IN (upper(c), lower(c), initcap(c));
-- constraint: definition (check, no inherit)
ALTER TABLE t DROP CONSTRAINT ck; ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NO INHERIT;
-- constraint: definition (check, not valid)
ALTER TABLE t DROP CONSTRAINT ck; ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NOT VALID;
-- constraint: definition (check, not enforced) [18]
ALTER TABLE t DROP CONSTRAINT ck; ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0) NOT ENFORCED;
-- constraint: definition (exclusion, operator class)
ALTER TABLE t DROP CONSTRAINT ex; ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (c text_pattern_ops WITH =);
-- constraint: definition (exclusion, predicate)
ALTER TABLE t DROP CONSTRAINT ex; ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (c WITH =) WHERE (a > 1);
-- constraint: definition (exclusion, access method)
ALTER TABLE t DROP CONSTRAINT ex; ALTER TABLE t ADD CONSTRAINT ex EXCLUDE USING hash (c WITH =);
-- constraint: definition (exclusion, expression)
ALTER TABLE t DROP CONSTRAINT ex; ALTER TABLE t ADD CONSTRAINT ex EXCLUDE (lower(c) WITH =);
-- constraint: definition (foreign key, on delete)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p ON DELETE CASCADE;
-- constraint: definition (foreign key, on delete restrict)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p ON DELETE RESTRICT;
-- constraint: definition (foreign key, set null of columns) [15]
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p ON DELETE SET NULL (b);
-- constraint: definition (foreign key, on update)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p ON UPDATE SET NULL;
-- constraint: definition (foreign key, match full)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p MATCH FULL;
-- constraint: definition (foreign key, columns)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p (a, b);
-- constraint: definition (foreign key, referenced column)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p (b);
-- constraint: definition (foreign key, referenced table)
ALTER TABLE t DROP CONSTRAINT fk; CREATE TABLE q (a int PRIMARY KEY); ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES q;
-- constraint: definition (foreign key, deferrable)
ALTER TABLE t ALTER CONSTRAINT fk DEFERRABLE;
-- constraint: definition (foreign key, initially deferred)
ALTER TABLE t ALTER CONSTRAINT fk DEFERRABLE INITIALLY DEFERRED;
-- constraint: definition (foreign key, not valid)
ALTER TABLE t DROP CONSTRAINT fk; ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p NOT VALID;
-- constraint: definition (foreign key, not enforced) [18]
ALTER TABLE t ALTER CONSTRAINT fk NOT ENFORCED;
-- added: comment (constraint)
COMMENT ON CONSTRAINT ck ON t IS 'x';
-- added: comment (primary key)
COMMENT ON CONSTRAINT pk ON t IS 'x';
-- added: comment (a constraint's index)
COMMENT ON INDEX pk IS 'x';

== indexes
CREATE TABLE t (a int NOT NULL, b text, c int, j jsonb);
CREATE UNIQUE INDEX i ON t (a);
CREATE INDEX x ON t (lower(b));
-- missing: index
DROP INDEX i;
-- added: index (renamed)
ALTER INDEX i RENAME TO z;
-- index: definition (unique)
DROP INDEX i; CREATE INDEX i ON t (a);
-- index: definition (columns)
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a, c);
-- index: definition (order)
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a DESC);
-- index: definition (nulls)
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a NULLS FIRST);
-- index: definition (include)
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a) INCLUDE (c);
-- index: definition (predicate)
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a) WHERE c > 0;
-- index: definition (expression)
DROP INDEX x; CREATE INDEX x ON t (upper(b));
-- index: definition (operator class)
DROP INDEX x; CREATE INDEX x ON t (lower(b) text_pattern_ops);
-- index: definition (operator class with options)
DROP INDEX x; CREATE EXTENSION hstore; ALTER TABLE t ADD COLUMN h hstore; CREATE INDEX x ON t USING gist (h gist_hstore_ops (siglen = 32));
-- index: definition (collation)
DROP INDEX x; CREATE INDEX x ON t (lower(b) COLLATE "C");
-- index: definition (hash)
DROP INDEX x; CREATE INDEX x ON t USING hash (lower(b));
-- index: definition (gin)
DROP INDEX x; CREATE INDEX x ON t USING gin (j);
-- index: definition (brin)
DROP INDEX x; CREATE INDEX x ON t USING brin (c);
-- index: definition (nulls not distinct) [15]
DROP INDEX i; CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;
-- index: definition (options)
ALTER INDEX i SET (fillfactor = 70);
-- index: statistics.1
ALTER INDEX x ALTER COLUMN 1 SET STATISTICS 100;
-- index: clustered
ALTER TABLE t CLUSTER ON i;
-- index: replica_identity
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
-- missing: index (which was the replica identity)
ALTER TABLE t REPLICA IDENTITY USING INDEX i; DROP INDEX i;
-- added: comment (index)
COMMENT ON INDEX i IS 'x';

== partitions and inheritance
CREATE TABLE p (a int NOT NULL, b text) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 (a int NOT NULL, b text);
CREATE INDEX pi ON p (b);
ALTER TABLE p ADD PRIMARY KEY (a);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE above (a int DEFAULT 1, CONSTRAINT ck CHECK (a > 0));
CREATE TABLE below (c int) INHERITS (above);
CREATE TABLE other (c int);
-- table: partition_key (strategy)
DROP TABLE p; CREATE TABLE p (a int NOT NULL, b text) PARTITION BY LIST (a);
-- table: partition_key (column)
DROP TABLE p; CREATE TABLE p (a int NOT NULL, b text) PARTITION BY RANGE (b);
-- table: partition_key (hash)
DROP TABLE p; CREATE TABLE p (a int NOT NULL, b text) PARTITION BY HASH (a);
-- table: partition_key (expression)
DROP TABLE p; CREATE TABLE p (a int NOT NULL, b text) PARTITION BY RANGE ((a + 1));
-- table: partition_bound
DROP TABLE p1; CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (20);
-- table: partition_bound (default)
DROP TABLE p1; CREATE TABLE p1 PARTITION OF p DEFAULT;
-- table: partition_bound (attached)
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20);
-- table: inherits (detached)
ALTER TABLE p DETACH PARTITION p1;
-- added: table (a partition)
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30);
-- added: default (of a partition)
ALTER TABLE p1 ALTER COLUMN b SET DEFAULT 'x';
-- added: index (of a partition)
CREATE INDEX z ON p1 (b);
-- added: index (a partition's, renamed)
ALTER INDEX p1_b_idx RENAME TO z;
-- added: constraint (a partition's key, renamed)
ALTER INDEX p1_pkey RENAME TO z;
-- index: attached_to
CREATE INDEX z ON p1 (b); DROP INDEX pi; CREATE INDEX p1_b_idx ON p1 (b); DROP INDEX z; CREATE INDEX pi ON ONLY p (b);
-- trigger: enabled (partitioned)
ALTER TABLE p DISABLE TRIGGER g;
-- added: trigger (a partition's, disabled)
ALTER TABLE p1 DISABLE TRIGGER g;
-- added: constraint (foreign key to a partitioned table)
ALTER TABLE other ADD FOREIGN KEY (c) REFERENCES p;
-- table: inherits
ALTER TABLE below NO INHERIT above;
-- table: inherits (another parent)
CREATE TABLE above2 (c int); ALTER TABLE below INHERIT above2;
-- column: inherited
DROP TABLE below; CREATE TABLE below (a int, c int) INHERITS (above);
-- constraint: inherited
ALTER TABLE below ADD CONSTRAINT ck CHECK (a > 0);
-- added: column (a parent's, behind those of its child)
ALTER TABLE above ADD COLUMN late int; ALTER TABLE above ADD COLUMN later int;
-- added: trigger (a partition's, disabled, and another with a comment of its own)
ALTER TABLE p1 DISABLE TRIGGER g; CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30); COMMENT ON TRIGGER g ON p3 IS 'x';
-- default: expression (a child's own)
ALTER TABLE below ALTER COLUMN a SET DEFAULT 2;
-- missing: default (a child has none)
ALTER TABLE below ALTER COLUMN a DROP DEFAULT;
-- column: not_null (of a child)
ALTER TABLE below ALTER COLUMN a SET NOT NULL;

== sequences
CREATE TABLE t (a int);
CREATE SEQUENCE s;
-- missing: sequence
DROP SEQUENCE s;
-- added: sequence (renamed)
ALTER SEQUENCE s RENAME TO z;
-- sequence: type
ALTER SEQUENCE s AS int;
-- sequence: type (and its maximum)
ALTER SEQUENCE s AS smallint MAXVALUE 1000;
-- sequence: start
ALTER SEQUENCE s START 5;
-- sequence: increment
ALTER SEQUENCE s INCREMENT 5;
-- sequence: increment (downwards)
ALTER SEQUENCE s INCREMENT -1 MINVALUE 1;
-- sequence: minimum
ALTER SEQUENCE s MINVALUE -5;
-- sequence: maximum
ALTER SEQUENCE s MAXVALUE 500;
-- sequence: cache
ALTER SEQUENCE s CACHE 5;
-- sequence: cycle
ALTER SEQUENCE s CYCLE;
-- sequence: persistence [15]
ALTER SEQUENCE s SET UNLOGGED;
-- sequence: owned_by
ALTER SEQUENCE s OWNED BY t.a;
-- sequence: owner
ALTER SEQUENCE s OWNER TO facts_writer;
-- sequence: grants (USAGE)
GRANT USAGE ON SEQUENCE s TO facts_reader;
-- sequence: grants (SELECT)
GRANT SELECT ON SEQUENCE s TO facts_reader;
-- sequence: grants (UPDATE)
GRANT UPDATE ON SEQUENCE s TO facts_reader;
-- added: comment (sequence)
COMMENT ON SEQUENCE s IS 'x';

== views
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
CREATE UNIQUE INDEX i ON m (a);
-- missing: view
DROP VIEW w;
-- added: view (renamed)
ALTER VIEW w RENAME TO z;
-- view: definition
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WHERE a > 0;
-- view: columns (added)
CREATE OR REPLACE VIEW v AS SELECT a, b, 1 AS c FROM t;
-- view: columns (renamed)
ALTER VIEW v RENAME COLUMN b TO c;
-- view: options.security_barrier
ALTER VIEW v SET (security_barrier = true);
-- view: options.security_invoker [15]
ALTER VIEW v SET (security_invoker = true);
-- view: options.check_option
ALTER VIEW v SET (check_option = local);
-- view: options.check_option (cascaded)
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WITH CASCADED CHECK OPTION;
-- view: owner
ALTER VIEW v OWNER TO facts_writer;
-- view: grants
GRANT SELECT ON v TO facts_reader;
-- added: column (grants on a view's)
GRANT SELECT (a) ON v TO facts_reader;
-- added: default (of a view)
ALTER VIEW v ALTER COLUMN a SET DEFAULT 1;
-- added: comment (view)
COMMENT ON VIEW v IS 'x';
-- added: comment (a view's column)
COMMENT ON COLUMN v.a IS 'x';
-- added: rule (on a view)
CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING;
-- added: trigger (instead of)
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();
-- missing: materialized view
DROP MATERIALIZED VIEW m;
-- materialized view: definition
DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t WHERE a > 0;
-- materialized view: options.fillfactor
ALTER MATERIALIZED VIEW m SET (fillfactor = 70);
-- materialized view: toast_options.autovacuum_enabled
ALTER MATERIALIZED VIEW m SET (toast.autovacuum_enabled = off);
-- materialized view: owner
ALTER MATERIALIZED VIEW m OWNER TO facts_writer;
-- materialized view: grants
GRANT SELECT ON m TO facts_reader;
-- materialized view: access_method
CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler; DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m USING h AS SELECT a, b FROM t;
-- added: column (statistics of a materialized view's)
ALTER MATERIALIZED VIEW m ALTER COLUMN a SET STATISTICS 100;
-- added: column (storage of a materialized view's)
ALTER MATERIALIZED VIEW m ALTER COLUMN b SET STORAGE EXTERNAL;
-- index: clustered (of a materialized view)
ALTER MATERIALIZED VIEW m CLUSTER ON i;
-- missing: index (of a materialized view)
DROP INDEX i;
-- added: comment (materialized view)
COMMENT ON MATERIALIZED VIEW m IS 'x';

== routines
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION s(a int) RETURNS SETOF int LANGUAGE sql AS 'SELECT $1';
CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION sfunc(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
CREATE FUNCTION ffunc(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION mfunc(int, int) RETURNS int LANGUAGE sql STRICT AS 'SELECT $1 + $2';
CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int);
-- missing: function
DROP FUNCTION f;
-- added: function (overloaded)
CREATE FUNCTION f(a bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- function: definition (body)
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT $1 + 1';
-- function: definition (white space in the body)
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT  $1';
-- function: definition (name of an argument)
DROP FUNCTION f; CREATE FUNCTION f(z int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT $1';
-- function: definition (default)
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'y') RETURNS int LANGUAGE sql AS 'SELECT $1';
-- function: definition (result)
DROP FUNCTION f; CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS bigint LANGUAGE sql AS 'SELECT $1::bigint';
-- function: definition (volatility)
ALTER FUNCTION f STABLE;
-- function: definition (immutable)
ALTER FUNCTION f IMMUTABLE;
-- function: definition (strict)
ALTER FUNCTION f STRICT;
-- function: definition (security definer)
ALTER FUNCTION f SECURITY DEFINER;
-- function: definition (leakproof)
ALTER FUNCTION f LEAKPROOF;
-- function: definition (parallel)
ALTER FUNCTION f PARALLEL SAFE;
-- function: definition (cost)
ALTER FUNCTION f COST 7;
-- function: definition (rows)
ALTER FUNCTION s ROWS 7;
-- function: definition (support)
ALTER FUNCTION s SUPPORT generate_series_int4_support;
-- function: definition (setting)
ALTER FUNCTION f SET work_mem = '1MB';
-- function: definition (search_path)
ALTER FUNCTION f SET search_path = pg_catalog;
-- function: definition (language)
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
-- function: definition (SQL-standard body)
CREATE OR REPLACE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql RETURN a;
-- function: definition (set-returning)
DROP FUNCTION f; CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS SETOF int LANGUAGE sql AS 'SELECT $1';
-- function: definition (window)
DROP FUNCTION f; CREATE FUNCTION f(int, text) RETURNS int LANGUAGE internal WINDOW AS 'window_row_number';
-- function: owner
ALTER FUNCTION f OWNER TO facts_writer;
-- function: grants
GRANT EXECUTE ON FUNCTION f TO facts_reader;
-- function: grants (not everybody)
REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
-- added: comment (function)
COMMENT ON FUNCTION f IS 'x';
-- missing: procedure
DROP PROCEDURE p;
-- procedure: definition
CREATE OR REPLACE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT $1 + 1';
-- procedure: definition (security definer)
ALTER PROCEDURE p SECURITY DEFINER;
-- procedure: owner
ALTER PROCEDURE p OWNER TO facts_writer;
-- procedure: grants
REVOKE EXECUTE ON PROCEDURE p FROM PUBLIC;
-- added: comment (procedure)
COMMENT ON PROCEDURE p IS 'x';
-- missing: aggregate
DROP AGGREGATE g(int);
-- aggregate: final
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, FINALFUNC = ffunc);
-- aggregate: final_extra
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, FINALFUNC = sfunc, FINALFUNC_EXTRA);
-- aggregate: final_modify
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, FINALFUNC = ffunc, FINALFUNC_MODIFY = SHAREABLE);
-- aggregate: combine
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, COMBINEFUNC = sfunc);
-- aggregate: initial
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, INITCOND = '7');
-- aggregate: state_space
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, SSPACE = 64);
-- aggregate: transition
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = int4pl, STYPE = int);
-- aggregate: state
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = int84pl, STYPE = bigint, INITCOND = '0');
-- aggregate: moving_transition
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, MSFUNC = mfunc, MINVFUNC = mfunc, MSTYPE = int);
-- aggregate: moving_initial
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, MSFUNC = mfunc, MINVFUNC = mfunc, MSTYPE = int, MINITCOND = '7');
-- aggregate: moving_state_space
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, MSFUNC = mfunc, MINVFUNC = mfunc, MSTYPE = int, MSSPACE = 7);
-- aggregate: moving_final
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, MSFUNC = mfunc, MINVFUNC = mfunc, MSTYPE = int, MFINALFUNC = ffunc);
-- aggregate: sort_operator
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, SORTOP = OPERATOR(pg_catalog.>));
-- aggregate: parallel
DROP AGGREGATE g(int); CREATE AGGREGATE g(int) (SFUNC = sfunc, STYPE = int, PARALLEL = SAFE);
-- aggregate: arguments
DROP AGGREGATE g(int); CREATE AGGREGATE g(named int) (SFUNC = sfunc, STYPE = int);
-- aggregate: owner
ALTER AGGREGATE g(int) OWNER TO facts_writer;
-- aggregate: grants
REVOKE EXECUTE ON FUNCTION g(int) FROM PUBLIC;
-- added: comment (aggregate)
COMMENT ON AGGREGATE g(int) IS 'x';

== triggers, rules, policies
CREATE TABLE t (a int, b text);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t FOR SELECT TO facts_reader USING (a > 0);
-- missing: trigger
DROP TRIGGER g ON t;
-- added: trigger (renamed)
ALTER TRIGGER g ON t RENAME TO z;
-- trigger: definition (timing)
CREATE OR REPLACE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- trigger: definition (event)
CREATE OR REPLACE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
-- trigger: definition (columns)
CREATE OR REPLACE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f();
-- trigger: definition (condition)
CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.a > 0) EXECUTE FUNCTION f();
-- trigger: definition (arguments)
CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f('x');
-- trigger: definition (statement)
CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f();
-- trigger: definition (transition table)
CREATE OR REPLACE TRIGGER g AFTER INSERT ON t REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f();
-- trigger: definition (constraint trigger)
DROP TRIGGER g ON t; CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
-- trigger: definition (function)
CREATE FUNCTION f2() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f2();
-- trigger: enabled (disabled)
ALTER TABLE t DISABLE TRIGGER g;
-- trigger: enabled (replica)
ALTER TABLE t ENABLE REPLICA TRIGGER g;
-- trigger: enabled (always)
ALTER TABLE t ENABLE ALWAYS TRIGGER g;
-- added: comment (trigger)
COMMENT ON TRIGGER g ON t IS 'x';
-- missing: rule
DROP RULE r ON t;
-- rule: definition
CREATE OR REPLACE RULE r AS ON DELETE TO t WHERE OLD.a > 0 DO INSTEAD NOTHING;
-- rule: enabled
ALTER TABLE t DISABLE RULE r;
-- added: comment (rule)
COMMENT ON RULE r ON t IS 'x';
-- missing: policy
DROP POLICY p ON t;
-- added: policy (renamed)
ALTER POLICY p ON t RENAME TO z;
-- policy: using
ALTER POLICY p ON t USING (a > 1);
-- policy: roles
ALTER POLICY p ON t TO facts_reader, facts_writer;
-- policy: roles (everybody)
ALTER POLICY p ON t TO PUBLIC;
-- policy: command
DROP POLICY p ON t; CREATE POLICY p ON t FOR DELETE TO facts_reader USING (a > 0);
-- policy: check
DROP POLICY p ON t; CREATE POLICY p ON t FOR ALL TO facts_reader USING (a > 0) WITH CHECK (a > 1);
-- policy: permissive
DROP POLICY p ON t; CREATE POLICY p ON t AS RESTRICTIVE FOR SELECT TO facts_reader USING (a > 0);
-- added: comment (policy)
COMMENT ON POLICY p ON t IS 'x';
-- added: event trigger
CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION e();

== types
CREATE SCHEMA s;
CREATE TYPE e AS ENUM ('a', 'c');
CREATE TYPE c AS (a int, b text);
CREATE DOMAIN d AS text CONSTRAINT ck CHECK (length(VALUE) > 0);
CREATE TYPE r AS RANGE (SUBTYPE = float8);
CREATE TYPE b;
CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE FUNCTION b_recv(internal) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4recv';
CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, INTERNALLENGTH = 4, PASSEDBYVALUE);
-- missing: type (enum)
DROP TYPE e;
-- added: type (enum, renamed)
ALTER TYPE e RENAME TO z;
-- type: labels (added)
ALTER TYPE e ADD VALUE 'd';
-- type: labels (order)
ALTER TYPE e ADD VALUE 'b' BEFORE 'c';
-- type: labels (renamed)
ALTER TYPE e RENAME VALUE 'a' TO 'z';
-- type: owner (enum)
ALTER TYPE e OWNER TO facts_writer;
-- type: grants (enum)
REVOKE USAGE ON TYPE e FROM PUBLIC;
-- added: comment (enum)
COMMENT ON TYPE e IS 'x';
-- added: type (enum, another schema)
ALTER TYPE e SET SCHEMA s;
-- missing: type (composite)
DROP TYPE c;
-- added: attribute
ALTER TYPE c ADD ATTRIBUTE z int;
-- missing: attribute
ALTER TYPE c DROP ATTRIBUTE b;
-- added: attribute (renamed)
ALTER TYPE c RENAME ATTRIBUTE b TO z;
-- attribute: type
ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;
-- attribute: collation
ALTER TYPE c ALTER ATTRIBUTE b TYPE text COLLATE "C";
-- attribute: position
ALTER TYPE c DROP ATTRIBUTE a, ADD ATTRIBUTE a int;
-- type: owner (composite)
ALTER TYPE c OWNER TO facts_writer;
-- type: grants (composite)
REVOKE USAGE ON TYPE c FROM PUBLIC;
-- added: comment (composite)
COMMENT ON TYPE c IS 'x';
-- added: comment (attribute)
COMMENT ON COLUMN c.a IS 'x';
-- missing: domain
DROP DOMAIN d;
-- domain: base
DROP DOMAIN d; CREATE DOMAIN d AS varchar(5) CONSTRAINT ck CHECK (length(VALUE) > 0);
-- domain: default
ALTER DOMAIN d SET DEFAULT 'x';
-- domain: not_null
ALTER DOMAIN d SET NOT NULL;
-- domain: not_null_constraint [17]
ALTER DOMAIN d ADD CONSTRAINT named NOT NULL;
-- domain: collation
DROP DOMAIN d; CREATE DOMAIN d AS text COLLATE "C" CONSTRAINT ck CHECK (length(VALUE) > 0);
-- domain: owner
ALTER DOMAIN d OWNER TO facts_writer;
-- domain: grants
REVOKE USAGE ON DOMAIN d FROM PUBLIC;
-- missing: constraint (of a domain)
ALTER DOMAIN d DROP CONSTRAINT ck;
-- added: constraint (of a domain)
ALTER DOMAIN d ADD CONSTRAINT ck2 CHECK (VALUE <> 'x');
-- constraint: definition (of a domain)
ALTER DOMAIN d DROP CONSTRAINT ck; ALTER DOMAIN d ADD CONSTRAINT ck CHECK (length(VALUE) > 1);
-- constraint: definition (of a domain, not valid)
ALTER DOMAIN d DROP CONSTRAINT ck; ALTER DOMAIN d ADD CONSTRAINT ck CHECK (length(VALUE) > 0) NOT VALID;
-- added: comment (domain)
COMMENT ON DOMAIN d IS 'x';
-- added: comment (a domain's constraint)
COMMENT ON CONSTRAINT ck ON DOMAIN d IS 'x';
-- missing: type (range)
DROP TYPE r;
-- type: range.subtype
DROP TYPE r; CREATE TYPE r AS RANGE (SUBTYPE = numeric);
-- type: range.difference
DROP TYPE r; CREATE FUNCTION diff(float8, float8) RETURNS float8 LANGUAGE internal IMMUTABLE STRICT AS 'float8mi'; CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = diff);
-- type: range.multirange
DROP TYPE r; CREATE TYPE r AS RANGE (SUBTYPE = float8, MULTIRANGE_TYPE_NAME = z);
-- type: range.operator_class
DROP TYPE r; CREATE OPERATOR CLASS oc FOR TYPE float8 USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btfloat8cmp(float8, float8); CREATE TYPE r AS RANGE (SUBTYPE = float8, SUBTYPE_OPCLASS = oc);
-- type: owner (range)
ALTER TYPE r OWNER TO facts_writer;
-- added: comment (range)
COMMENT ON TYPE r IS 'x';
-- type: input.receive (base)
ALTER TYPE b SET (RECEIVE = b_recv);
-- type: input.category (base)
DROP TYPE b CASCADE; CREATE TYPE b; CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4in'; CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'; CREATE FUNCTION b_recv(internal) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4recv'; CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, INTERNALLENGTH = 4, PASSEDBYVALUE, CATEGORY = 'N');
-- type: owner (base)
ALTER TYPE b OWNER TO facts_writer;

== casts, operators, languages
CREATE TYPE c AS (a int);
CREATE FUNCTION to_c(int) RETURNS c LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1)::c';
CREATE FUNCTION to_c2(int) RETURNS c LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1)::c';
CREATE CAST (int AS c) WITH FUNCTION to_c(int);
CREATE FUNCTION eq(c, c) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION eq2(c, c) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION cmp(c, c) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE FUNCTION cmp2(c, c) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = eq);
CREATE OPERATOR <<< (LEFTARG = c, RIGHTARG = c, FUNCTION = eq);
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR FAMILY fam2 USING btree;
CREATE OPERATOR CLASS oc FOR TYPE c USING btree FAMILY fam AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(c, c);
CREATE FUNCTION l_call() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION l_inline(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION l_validator(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE LANGUAGE l HANDLER l_call INLINE l_inline VALIDATOR l_validator;
CREATE FUNCTION tr(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'numeric_avg';
CREATE FUNCTION tr2(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'numeric_avg';
CREATE TRANSFORM FOR int LANGUAGE l (FROM SQL WITH FUNCTION tr(internal));
-- missing: cast
DROP CAST (int AS c);
-- cast: context (implicit)
DROP CAST (int AS c); CREATE CAST (int AS c) WITH FUNCTION to_c(int) AS IMPLICIT;
-- cast: context (assignment)
DROP CAST (int AS c); CREATE CAST (int AS c) WITH FUNCTION to_c(int) AS ASSIGNMENT;
-- cast: function
DROP CAST (int AS c); CREATE CAST (int AS c) WITH FUNCTION to_c2(int);
-- cast: method
DROP CAST (int AS c); CREATE CAST (int AS c) WITH INOUT;
-- added: comment (cast)
COMMENT ON CAST (int AS c) IS 'x';
-- operator: function
DROP OPERATOR CLASS oc USING btree; DROP OPERATOR === (c, c); CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = eq2);
-- operator: commutator
DROP OPERATOR CLASS oc USING btree; DROP OPERATOR === (c, c); CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = eq, COMMUTATOR = ===);
-- operator: negator
CREATE OPERATOR !== (LEFTARG = c, RIGHTARG = c, FUNCTION = eq, NEGATOR = ===);
-- operator: restrict
ALTER OPERATOR === (c, c) SET (RESTRICT = eqsel);
-- operator: join
ALTER OPERATOR === (c, c) SET (JOIN = eqjoinsel);
-- operator: merges
DROP OPERATOR CLASS oc USING btree; DROP OPERATOR === (c, c); CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = eq, MERGES);
-- operator: hashes
DROP OPERATOR CLASS oc USING btree; DROP OPERATOR === (c, c); CREATE OPERATOR === (LEFTARG = c, RIGHTARG = c, FUNCTION = eq, HASHES);
-- operator: owner
ALTER OPERATOR === (c, c) OWNER TO facts_writer;
-- added: comment (operator)
COMMENT ON OPERATOR === (c, c) IS 'x';
-- missing: operator class
DROP OPERATOR CLASS oc USING btree;
-- operator class: default
DROP OPERATOR CLASS oc USING btree; CREATE OPERATOR CLASS oc DEFAULT FOR TYPE c USING btree FAMILY fam AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(c, c);
-- operator class: members (function)
DROP OPERATOR CLASS oc USING btree; CREATE OPERATOR CLASS oc FOR TYPE c USING btree FAMILY fam AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp2(c, c);
-- operator class: members (operator)
DROP OPERATOR CLASS oc USING btree; CREATE OPERATOR CLASS oc FOR TYPE c USING btree FAMILY fam AS OPERATOR 1 <<<, FUNCTION 1 cmp(c, c);
-- operator class: family
DROP OPERATOR CLASS oc USING btree; CREATE OPERATOR CLASS oc FOR TYPE c USING btree FAMILY fam2 AS OPERATOR 1 <<<, OPERATOR 3 ===, FUNCTION 1 cmp(c, c);
-- operator class: owner
ALTER OPERATOR CLASS oc USING btree OWNER TO facts_writer;
-- added: comment (operator class)
COMMENT ON OPERATOR CLASS oc USING btree IS 'x';
-- operator family: members
ALTER OPERATOR FAMILY fam2 USING btree ADD OPERATOR 3 === (c, c);
-- operator family: owner
ALTER OPERATOR FAMILY fam USING btree OWNER TO facts_writer;
-- missing: operator family
DROP OPERATOR FAMILY fam2 USING btree;
-- added: comment (operator family)
COMMENT ON OPERATOR FAMILY fam USING btree IS 'x';
-- language: trusted
DROP LANGUAGE l CASCADE; CREATE TRUSTED LANGUAGE l HANDLER l_call INLINE l_inline VALIDATOR l_validator;
-- language: inline
DROP LANGUAGE l CASCADE; CREATE LANGUAGE l HANDLER l_call VALIDATOR l_validator;
-- language: validator
DROP LANGUAGE l CASCADE; CREATE LANGUAGE l HANDLER l_call INLINE l_inline;
-- language: owner
ALTER LANGUAGE l OWNER TO facts_writer;
-- language: grants
DROP LANGUAGE l CASCADE; CREATE TRUSTED LANGUAGE l HANDLER l_call INLINE l_inline VALIDATOR l_validator; REVOKE USAGE ON LANGUAGE l FROM PUBLIC;
-- added: comment (language)
COMMENT ON LANGUAGE l IS 'x';
-- missing: transform
DROP TRANSFORM FOR int LANGUAGE l;
-- transform: from_sql
CREATE OR REPLACE TRANSFORM FOR int LANGUAGE l (FROM SQL WITH FUNCTION tr2(internal));
-- function: definition (transform)
CREATE OR REPLACE FUNCTION eq(c, c) RETURNS bool LANGUAGE l TRANSFORM FOR TYPE int IMMUTABLE AS 'BEGIN RETURN true; END';
-- added: comment (transform)
COMMENT ON TRANSFORM FOR int LANGUAGE l IS 'x';

== text search, collations, conversions
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, ACCEPT = true);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword, word WITH d, simple;
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize);
CREATE COLLATION col (LOCALE = 'C');
CREATE CONVERSION con FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- missing: text search configuration
DROP TEXT SEARCH CONFIGURATION c;
-- text search configuration: parser
DROP TEXT SEARCH CONFIGURATION c; CREATE TEXT SEARCH CONFIGURATION c (PARSER = p);
-- text search configuration: mappings.numword
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR numword WITH simple;
-- text search configuration: mappings.word
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word;
-- text search configuration: mappings.word (order of dictionaries)
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple, d;
-- text search configuration: mappings.asciiword (replaced)
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword REPLACE d WITH english_stem;
-- text search configuration: owner
ALTER TEXT SEARCH CONFIGURATION c OWNER TO facts_writer;
-- added: comment (text search configuration)
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'x';
-- text search dictionary: options
ALTER TEXT SEARCH DICTIONARY d (ACCEPT = false);
-- text search dictionary: template
DROP TEXT SEARCH DICTIONARY d CASCADE; CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t);
-- text search dictionary: owner
ALTER TEXT SEARCH DICTIONARY d OWNER TO facts_writer;
-- added: comment (text search dictionary)
COMMENT ON TEXT SEARCH DICTIONARY d IS 'x';
-- missing: text search parser
DROP TEXT SEARCH PARSER p;
-- text search parser: headline
CREATE FUNCTION headline(internal, internal, tsquery) RETURNS internal LANGUAGE internal AS 'prsd_headline'; DROP TEXT SEARCH PARSER p; CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = headline);
-- added: comment (text search parser)
COMMENT ON TEXT SEARCH PARSER p IS 'x';
-- missing: text search template
DROP TEXT SEARCH TEMPLATE t;
-- text search template: init
CREATE FUNCTION init(internal) RETURNS internal LANGUAGE internal AS 'dsimple_init'; DROP TEXT SEARCH TEMPLATE t; CREATE TEXT SEARCH TEMPLATE t (INIT = init, LEXIZE = dsimple_lexize);
-- added: comment (text search template)
COMMENT ON TEXT SEARCH TEMPLATE t IS 'x';
-- missing: collation
DROP COLLATION col;
-- added: collation (renamed)
ALTER COLLATION col RENAME TO z;
-- collation: collcollate
DROP COLLATION col; CREATE COLLATION col (LC_COLLATE = 'POSIX', LC_CTYPE = 'C');
-- collation: collctype
DROP COLLATION col; CREATE COLLATION col (LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
-- collation: owner
ALTER COLLATION col OWNER TO facts_writer;
-- added: comment (collation)
COMMENT ON COLLATION col IS 'x';
-- missing: conversion
DROP CONVERSION con;
-- conversion: to
DROP CONVERSION con; CREATE CONVERSION con FOR 'UTF8' TO 'LATIN2' FROM utf8_to_iso8859;
-- conversion: default
DROP CONVERSION con; CREATE DEFAULT CONVERSION con FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- conversion: owner
ALTER CONVERSION con OWNER TO facts_writer;
-- added: comment (conversion)
COMMENT ON CONVERSION con IS 'x';

== statistics
CREATE TABLE t (a int, b int, c int);
CREATE STATISTICS st (dependencies) ON a, b FROM t;
-- missing: statistics
DROP STATISTICS st;
-- added: statistics (renamed)
ALTER STATISTICS st RENAME TO z;
-- statistics: definition (kinds)
DROP STATISTICS st; CREATE STATISTICS st (ndistinct) ON a, b FROM t;
-- statistics: definition (columns)
DROP STATISTICS st; CREATE STATISTICS st (dependencies) ON a, b, c FROM t;
-- statistics: definition (expression)
DROP STATISTICS st; CREATE STATISTICS st ON (a + 1) FROM t;
-- statistics: target
ALTER STATISTICS st SET STATISTICS 50;
-- statistics: owner
ALTER STATISTICS st OWNER TO facts_writer;
-- added: comment (statistics)
COMMENT ON STATISTICS st IS 'x';

== event triggers
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION e2() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER ev ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION e();
-- missing: event trigger
DROP EVENT TRIGGER ev;
-- added: event trigger (renamed)
ALTER EVENT TRIGGER ev RENAME TO z;
-- event trigger: event
DROP EVENT TRIGGER ev; CREATE EVENT TRIGGER ev ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION e();
-- event trigger: tags
DROP EVENT TRIGGER ev; CREATE EVENT TRIGGER ev ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION e();
-- event trigger: tags (none)
DROP EVENT TRIGGER ev; CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION e();
-- event trigger: function
DROP EVENT TRIGGER ev; CREATE EVENT TRIGGER ev ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION e2();
-- event trigger: enabled
ALTER EVENT TRIGGER ev DISABLE;
-- event trigger: enabled (always)
ALTER EVENT TRIGGER ev ENABLE ALWAYS;
-- added: comment (event trigger)
COMMENT ON EVENT TRIGGER ev IS 'x';

== publications and subscriptions
CREATE SCHEMA s;
CREATE TABLE t (a int PRIMARY KEY, b text);
CREATE TABLE u (a int);
CREATE PUBLICATION p FOR TABLE t;
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid password=one' PUBLICATION p WITH (connect = false);
-- missing: publication
DROP PUBLICATION p;
-- publication: puballtables
DROP PUBLICATION p; CREATE PUBLICATION p FOR ALL TABLES;
-- publication: tables.public.u.published
ALTER PUBLICATION p ADD TABLE u;
-- publication: tables.public.t.published
ALTER PUBLICATION p SET TABLE u;
-- publication: tables.public.t.where [15]
ALTER PUBLICATION p SET TABLE t WHERE (a > 0);
-- publication: tables.public.t.columns [15]
ALTER PUBLICATION p SET TABLE t (a);
-- publication: schemas [15]
ALTER PUBLICATION p ADD TABLES IN SCHEMA s;
-- publication: pubinsert
ALTER PUBLICATION p SET (publish = 'update, delete, truncate');
-- publication: pubupdate
ALTER PUBLICATION p SET (publish = 'insert, delete, truncate');
-- publication: pubdelete
ALTER PUBLICATION p SET (publish = 'insert, update, truncate');
-- publication: pubtruncate
ALTER PUBLICATION p SET (publish = 'insert, update, delete');
-- publication: pubviaroot
ALTER PUBLICATION p SET (publish_via_partition_root = true);
-- publication: pubgencols [18]
ALTER PUBLICATION p SET (publish_generated_columns = stored);
-- publication: owner
ALTER PUBLICATION p OWNER TO facts_writer;
-- added: comment (publication)
COMMENT ON PUBLICATION p IS 'x';
-- missing: subscription
ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub;
-- subscription: secret_connection
ALTER SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid password=two';
-- subscription: slot
ALTER SUBSCRIPTION sub SET (slot_name = 'z');
-- subscription: synchronous_commit
ALTER SUBSCRIPTION sub SET (synchronous_commit = 'local');
-- subscription: binary
ALTER SUBSCRIPTION sub SET (binary = true);
-- subscription: publications
ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub; CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid password=one' PUBLICATION q WITH (connect = false);
-- subscription: disable_on_error [15]
ALTER SUBSCRIPTION sub SET (disable_on_error = true);
-- subscription: origin [16]
ALTER SUBSCRIPTION sub SET (origin = 'none');
-- subscription: run_as_owner [16]
ALTER SUBSCRIPTION sub SET (run_as_owner = true);

== foreign data
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'true');
CREATE FUNCTION val(text[], oid) RETURNS bool LANGUAGE internal AS 'postgresql_fdw_validator';
CREATE SERVER srv TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'a', password 'one');
CREATE USER MAPPING FOR facts_reader SERVER srv OPTIONS (user 'u', password 'one');
CREATE FOREIGN TABLE ft (a int OPTIONS (name 'x'), b text) SERVER srv OPTIONS (relation 'r');
-- missing: foreign-data wrapper
DROP FOREIGN DATA WRAPPER w CASCADE;
-- foreign-data wrapper: options.debug
ALTER FOREIGN DATA WRAPPER w OPTIONS (SET debug 'false');
-- foreign-data wrapper: validator
DROP FOREIGN DATA WRAPPER w CASCADE; CREATE FOREIGN DATA WRAPPER w VALIDATOR val;
-- foreign-data wrapper: owner
ALTER FOREIGN DATA WRAPPER w OWNER TO facts_super;
-- foreign-data wrapper: grants
GRANT USAGE ON FOREIGN DATA WRAPPER w TO facts_reader;
-- added: comment (foreign-data wrapper)
COMMENT ON FOREIGN DATA WRAPPER w IS 'x';
-- missing: server
DROP SERVER srv CASCADE;
-- server: version
ALTER SERVER srv VERSION '2';
-- server: type
DROP SERVER srv CASCADE; CREATE SERVER srv TYPE 'y' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'a', password 'one');
-- server: options.host
ALTER SERVER srv OPTIONS (SET host 'b');
-- server: options.port
ALTER SERVER srv OPTIONS (ADD port '1');
-- server: options.secret_password
ALTER SERVER srv OPTIONS (SET password 'two');
-- server: owner
GRANT USAGE ON FOREIGN DATA WRAPPER w TO facts_writer; ALTER SERVER srv OWNER TO facts_writer;
-- server: grants
GRANT USAGE ON FOREIGN SERVER srv TO facts_reader;
-- added: comment (server)
COMMENT ON SERVER srv IS 'x';
-- missing: user mapping
DROP USER MAPPING FOR facts_reader SERVER srv;
-- added: user mapping (for everybody)
CREATE USER MAPPING FOR PUBLIC SERVER srv;
-- user mapping: secret_options
ALTER USER MAPPING FOR facts_reader SERVER srv OPTIONS (SET password 'two');
-- missing: foreign table
DROP FOREIGN TABLE ft;
-- foreign table: foreign_options.relation
ALTER FOREIGN TABLE ft OPTIONS (SET relation 'z');
-- foreign table: server
CREATE SERVER srv2 FOREIGN DATA WRAPPER w; DROP FOREIGN TABLE ft; CREATE FOREIGN TABLE ft (a int OPTIONS (name 'x'), b text) SERVER srv2 OPTIONS (relation 'r');
-- foreign table: owner
ALTER FOREIGN TABLE ft OWNER TO facts_writer;
-- foreign table: grants
GRANT SELECT ON ft TO facts_reader;
-- column: foreign_options.name
ALTER FOREIGN TABLE ft ALTER COLUMN a OPTIONS (SET name 'z');
-- column: type (foreign table)
ALTER FOREIGN TABLE ft ALTER COLUMN a TYPE bigint;
-- column: not_null (foreign table)
ALTER FOREIGN TABLE ft ALTER COLUMN a SET NOT NULL;
-- added: default (foreign table)
ALTER FOREIGN TABLE ft ALTER COLUMN a SET DEFAULT 1;
-- added: constraint (foreign table)
ALTER FOREIGN TABLE ft ADD CONSTRAINT ck CHECK (a > 0);
-- added: comment (foreign table)
COMMENT ON FOREIGN TABLE ft IS 'x';

== an access method
CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler;
-- missing: access method
DROP ACCESS METHOD h;
-- added: comment (access method)
COMMENT ON ACCESS METHOD h IS 'x';
-- access method: type
DROP ACCESS METHOD h; CREATE ACCESS METHOD h TYPE INDEX HANDLER bthandler;
