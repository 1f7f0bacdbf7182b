-- What the parts share: the user's schemas, what extensions brought, and what belongs to whom. Every part is a SELECT of
--   kind, identity, parent, attributes, owner, acl, acltype, and the object's address in pg_depend's terms.
-- A line that ends in `--@ >= N`, `--@ < N` or `--@ superuser` is for such servers and roles alone.
WITH ns AS MATERIALIZED (
  SELECT oid, nspname, format('%I', nspname) AS q, nspowner, nspacl FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND nspname <> 'dbtask' --@ users
), ext AS MATERIALIZED (
  SELECT classid, objid, refobjid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
), rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
         c.relreplident, c.relispartition, c.relpartbound, c.reloftype, c.relam, c.reltablespace, c.reloptions, c.reltoastrelid,
         c.reltype, ns.q AS schema, format('%s.%I', ns.q, c.relname) AS q,
         CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                        WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END AS kind
  FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    AND c.relname NOT IN ('refinery_schema_history', 'dbtask_journal') --@ users
    AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_class'::regclass AND ext.objid = c.oid)
    AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_type'::regclass AND ext.objid = c.reltype AND c.relkind = 'c')
), idseq AS MATERIALIZED (
  -- the sequences of identity columns
  SELECT d.objid AS seqrelid, d.refobjid AS relid, d.refobjsubid AS attnum FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
), proc AS MATERIALIZED (
  -- the constructors of a range type go with the type
  SELECT p.oid, p.prokind, p.proowner, p.proacl, p.proparallel, ns.q AS schema,
         format('%s.%I(%s)', ns.q, p.proname,
           (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, n))) AS q,
         CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind
  FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
), typ AS MATERIALIZED (
  SELECT t.*, ns.q AS schema, format('%s.%I', ns.q, t.typname) AS q, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS kind
  FROM pg_type t JOIN ns ON ns.oid = t.typnamespace LEFT JOIN pg_class tc ON tc.oid = t.typrelid
  WHERE (t.typtype IN ('d', 'e', 'r') OR (t.typtype = 'p' AND NOT t.typisdefined) OR (t.typtype = 'c' AND tc.relkind = 'c')
      OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type el WHERE el.typarray = t.oid)))
    AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_type'::regclass AND ext.objid = t.oid)
), f(kind, identity, parent, attributes, owner, acl, acltype, class, oid, sub) AS (
