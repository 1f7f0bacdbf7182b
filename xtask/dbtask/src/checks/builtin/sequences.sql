-- The sequences that feed a column, each with a query that returns a row where the next number is there already: at once
-- where an index leads with the column, or the table is small.
SELECT s.oid::pg_catalog.regclass::text AS sequence, t.oid::pg_catalog.regclass::text AS table, a.attname AS column,
  pg_catalog.has_sequence_privilege(s.oid, 'SELECT') AND pg_catalog.has_column_privilege(t.oid, a.attnum, 'SELECT')
    AND pg_catalog.has_schema_privilege(s.relnamespace, 'USAGE') AND pg_catalog.has_schema_privilege(t.relnamespace, 'USAGE') AS readable,
  t.relpages < 12800 AND t.relkind = 'r' OR EXISTS (
    SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = x.relam
    WHERE i.indrelid = t.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND m.amname = 'btree'
      AND (i.indisvalid OR t.relkind = 'p')) AS fast,
  pg_catalog.format('SELECT %L AS sequence, %L AS column, s.next, m.extreme FROM (SELECT CASE WHEN is_called THEN last_value::numeric + %s ELSE last_value END AS next FROM %s) AS s, (SELECT %s(%I)::numeric AS extreme FROM %s) AS m WHERE m.extreme %s s.next',
    s.oid::pg_catalog.regclass, t.oid::pg_catalog.regclass || '.' || pg_catalog.quote_ident(a.attname), q.seqincrement,
    s.oid::pg_catalog.regclass, CASE WHEN q.seqincrement > 0 THEN 'max' ELSE 'min' END, a.attname, t.oid::pg_catalog.regclass,
    CASE WHEN q.seqincrement > 0 THEN '>=' ELSE '<=' END) AS behind
FROM pg_catalog.pg_sequence q
JOIN pg_catalog.pg_class s ON s.oid = q.seqrelid
JOIN LATERAL (
  -- a column that owns it (serial, identity), or whose default draws from it
  SELECT d.refobjid AS relid, d.refobjsubid::int2 AS attnum FROM pg_catalog.pg_depend d
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0
  UNION
  SELECT f.adrelid, f.adnum FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refobjid = s.oid
) d ON true
JOIN pg_catalog.pg_class t ON t.oid = d.relid AND t.relkind IN ('r', 'p')
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.attnum
WHERE NOT q.seqcycle AND a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype, 'numeric'::pg_catalog.regtype)
  AND s.relpersistence <> 't'
ORDER BY 1, 2
