-- names also as pg_dump writes them, in the database's encoding
SELECT n.nspname::text || '.' || c.relname AS reported, pg_catalog.format('%I.%I', n.nspname, c.relname) AS identity,
  c.relkind = 'r' AS has_rows,
  (SELECT pg_catalog.format('%I.%I', s.nspname, r.relname)
    FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
    WHERE c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)) AS root,
  pg_catalog.convert_to(n.nspname::text, e.name) AS schema_bytes,
  pg_catalog.convert_to(c.relname::text, e.name) AS name_bytes,
  coalesce(a.names, '{}') AS columns,
  coalesce(a.bytes, '{}') AS column_bytes
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT pg_catalog.getdatabaseencoding() AS name) e
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS names,
    pg_catalog.array_agg(pg_catalog.convert_to(a.attname::text, e.name) ORDER BY a.attnum) AS bytes
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') a
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid)
ORDER BY 2
