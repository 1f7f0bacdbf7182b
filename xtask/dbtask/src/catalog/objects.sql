WITH RECURSIVE member AS MATERIALIZED (
  -- what an extension brought
  SELECT classid, objid FROM pg_catalog.pg_depend
  WHERE deptype = 'e' AND refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
), user_schema AS MATERIALIZED (
  SELECT n.oid, n.nspname::text, n.nspowner FROM pg_catalog.pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND objid = n.oid)
), inheritance AS (
  -- how deep a table lies below its parents: the deepest goes first
  SELECT inhrelid AS oid, 1 AS depth FROM pg_catalog.pg_inherits
  UNION SELECT i.inhrelid, p.depth + 1 FROM pg_catalog.pg_inherits i JOIN inheritance p ON p.oid = i.inhparent
), depth AS MATERIALIZED (
  SELECT oid, max(depth) AS depth FROM inheritance GROUP BY oid
), candidate(phase, kind, classid, oid, schema_oid, owner, drop_as, depth) AS (
  SELECT 1, 'event trigger', 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::oid, oid, NULL::oid, evtowner, 'EVENT TRIGGER', 0
    FROM pg_catalog.pg_event_trigger
  UNION ALL
  SELECT 2, 'publication', 'pg_catalog.pg_publication'::pg_catalog.regclass::oid, oid, NULL, pubowner, 'PUBLICATION', 0
    FROM pg_catalog.pg_publication
  UNION ALL
  SELECT CASE WHEN c.oid IN (pg_catalog.to_regclass('refinery_schema_history'), pg_catalog.to_regclass('dbtask_journal')) THEN 0
              WHEN c.relkind IN ('v', 'm') THEN 3 WHEN c.relkind = 'S' THEN 5 WHEN c.relkind = 'c' THEN 7 ELSE 4 END,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                   WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END,
    -- a composite type is an extension's member as a type
    CASE c.relkind WHEN 'c' THEN 'pg_catalog.pg_type'::pg_catalog.regclass::oid ELSE 'pg_catalog.pg_class'::pg_catalog.regclass::oid END,
    CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END, c.relnamespace, c.relowner,
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                   WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
    coalesce(depth.depth, 0)
    FROM pg_catalog.pg_class c JOIN user_schema s ON s.oid = c.relnamespace LEFT JOIN depth ON depth.oid = c.oid
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
      -- the mark outlives what it protects
      AND NOT (s.nspname = 'dbtask' AND c.relname = 'environment')
      -- a sequence of a column goes with its table
      AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass))
  UNION ALL
  SELECT 6, CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END,
    'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid, p.pronamespace, p.proowner, 'ROUTINE', 0
    FROM pg_catalog.pg_proc p JOIN user_schema s ON s.oid = p.pronamespace
    -- the constructors of a range type go with the type
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'i')
  UNION ALL
  SELECT 7, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
    'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid, t.typnamespace, t.typowner, 'TYPE', 0
    FROM pg_catalog.pg_type t JOIN user_schema s ON s.oid = t.typnamespace
    WHERE t.typtype IN ('d', 'e', 'r', 'p') OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid))
  UNION ALL
  SELECT 8, 'operator class', 'pg_catalog.pg_opclass'::pg_catalog.regclass::oid, o.oid, o.opcnamespace, o.opcowner, 'OPERATOR CLASS', 0
    FROM pg_catalog.pg_opclass o JOIN user_schema s ON s.oid = o.opcnamespace
  UNION ALL
  SELECT 9, 'operator family', 'pg_catalog.pg_opfamily'::pg_catalog.regclass::oid, o.oid, o.opfnamespace, o.opfowner, 'OPERATOR FAMILY', 0
    FROM pg_catalog.pg_opfamily o JOIN user_schema s ON s.oid = o.opfnamespace
  UNION ALL
  SELECT 10, 'operator', 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, o.oprnamespace, o.oprowner, 'OPERATOR', 0
    FROM pg_catalog.pg_operator o JOIN user_schema s ON s.oid = o.oprnamespace
  UNION ALL
  SELECT 11, 'conversion', 'pg_catalog.pg_conversion'::pg_catalog.regclass::oid, o.oid, o.connamespace, o.conowner, 'CONVERSION', 0
    FROM pg_catalog.pg_conversion o JOIN user_schema s ON s.oid = o.connamespace
  UNION ALL
  SELECT 12, 'collation', 'pg_catalog.pg_collation'::pg_catalog.regclass::oid, o.oid, o.collnamespace, o.collowner, 'COLLATION', 0
    FROM pg_catalog.pg_collation o JOIN user_schema s ON s.oid = o.collnamespace
  UNION ALL
  SELECT 13, 'text search configuration', 'pg_catalog.pg_ts_config'::pg_catalog.regclass::oid, o.oid, o.cfgnamespace, o.cfgowner, 'TEXT SEARCH CONFIGURATION', 0
    FROM pg_catalog.pg_ts_config o JOIN user_schema s ON s.oid = o.cfgnamespace
  UNION ALL
  SELECT 14, 'text search dictionary', 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::oid, o.oid, o.dictnamespace, o.dictowner, 'TEXT SEARCH DICTIONARY', 0
    FROM pg_catalog.pg_ts_dict o JOIN user_schema s ON s.oid = o.dictnamespace
  UNION ALL
  -- parsers and templates have no owner: a superuser's alone
  SELECT 15, 'text search parser', 'pg_catalog.pg_ts_parser'::pg_catalog.regclass::oid, o.oid, o.prsnamespace, NULL, 'TEXT SEARCH PARSER', 0
    FROM pg_catalog.pg_ts_parser o JOIN user_schema s ON s.oid = o.prsnamespace
  UNION ALL
  SELECT 16, 'text search template', 'pg_catalog.pg_ts_template'::pg_catalog.regclass::oid, o.oid, o.tmplnamespace, NULL, 'TEXT SEARCH TEMPLATE', 0
    FROM pg_catalog.pg_ts_template o JOIN user_schema s ON s.oid = o.tmplnamespace
  UNION ALL
  -- one between built-in types hangs on nothing else that goes; whoever owns one of the types may drop it
  SELECT 16, 'cast', 'pg_catalog.pg_cast'::pg_catalog.regclass::oid, k.oid, NULL,
    (SELECT min(t.typowner) FROM pg_catalog.pg_type t WHERE t.oid IN (k.castsource, k.casttarget) AND t.oid >= 16384), 'CAST', 0
    FROM pg_catalog.pg_cast k WHERE k.oid >= 16384
  UNION ALL
  SELECT 17, 'foreign server', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::oid, o.oid, NULL, o.srvowner, 'SERVER', 0
    FROM pg_catalog.pg_foreign_server o
  UNION ALL
  SELECT 18, 'foreign data wrapper', 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass::oid, o.oid, NULL, o.fdwowner, 'FOREIGN DATA WRAPPER', 0
    FROM pg_catalog.pg_foreign_data_wrapper o
  UNION ALL
  -- `public` stays, with its privileges, and so do the mark's schema and one that an extension lives in
  SELECT 20, 'schema', 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, s.oid, s.oid, s.nspowner, 'SCHEMA', 0
    FROM user_schema s
    WHERE s.nspname <> 'public' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extnamespace = s.oid)
      AND NOT (s.nspname = 'dbtask' AND EXISTS (SELECT FROM pg_catalog.pg_class c
        WHERE c.relnamespace = s.oid AND c.relname = 'environment'))
)
SELECT c.kind, s.nspname AS schema, c.drop_as,
  (pg_catalog.pg_identify_object(c.classid, c.oid, 0)).identity AS identity,
  coalesce(pg_catalog.pg_has_role(c.owner, 'USAGE')
    OR (c.kind <> 'schema' AND pg_catalog.pg_has_role(s.nspowner, 'USAGE')), false)
    OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS droppable
FROM candidate c LEFT JOIN user_schema s ON s.oid = c.schema_oid
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = c.classid AND m.objid = c.oid)
ORDER BY c.phase, c.depth DESC, c.kind, c.oid
