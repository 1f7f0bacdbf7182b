-- Constraints that are NOT VALID, each with a query for the rows that contradict it. `conenforced` and `conperiod` are of
-- PostgreSQL 18. 
SELECT c.conname AS name, c.conrelid::pg_catalog.regclass::text AS table,
  CASE
    WHEN coalesce((pg_catalog.to_jsonb(c) ->> 'conperiod')::bool, false) THEN NULL
    WHEN c.contype = 'c' THEN pg_catalog.format('SELECT t.* FROM %s%s AS t WHERE NOT (%s)',
      CASE WHEN c.connoinherit THEN 'ONLY ' ELSE '' END, c.conrelid::pg_catalog.regclass,
      pg_catalog.pg_get_expr(c.conbin, c.conrelid))
    WHEN c.contype = 'n' THEN (SELECT pg_catalog.format('SELECT t.* FROM %s AS t WHERE t.%I IS NULL',
      c.conrelid::pg_catalog.regclass, a.attname)
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1])
    WHEN c.contype = 'f' THEN pg_catalog.format('SELECT %s FROM %s AS f WHERE %s NOT EXISTS (SELECT FROM %s AS p WHERE %s)%s',
      k.columns,
      CASE child.relkind WHEN 'p' THEN c.conrelid::pg_catalog.regclass::text ELSE 'ONLY ' || c.conrelid::pg_catalog.regclass END,
      CASE c.confmatchtype WHEN 'f' THEN pg_catalog.format('NOT (%s) AND (', k.all_null) ELSE k.none_null || ' AND' END,
      CASE parent.relkind WHEN 'p' THEN c.confrelid::pg_catalog.regclass::text ELSE 'ONLY ' || c.confrelid::pg_catalog.regclass END,
      k.equal,
      CASE c.confmatchtype WHEN 'f' THEN ')' ELSE '' END)
  END AS contradicting
FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_class child ON child.oid = c.conrelid
LEFT JOIN pg_catalog.pg_class parent ON parent.oid = c.confrelid
LEFT JOIN LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.format('f.%I', f.attname), ', ' ORDER BY i) AS columns,
    pg_catalog.string_agg(pg_catalog.format('f.%I IS NULL', f.attname), ' AND ' ORDER BY i) AS all_null,
    pg_catalog.string_agg(pg_catalog.format('f.%I IS NOT NULL', f.attname), ' AND ' ORDER BY i) AS none_null,
    pg_catalog.string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) f.%I', p.attname, n.nspname, o.oprname, f.attname), ' AND ' ORDER BY i) AS equal
  FROM pg_catalog.generate_subscripts(c.conkey, 1) AS i
  JOIN pg_catalog.pg_attribute f ON f.attrelid = c.conrelid AND f.attnum = c.conkey[i]
  JOIN pg_catalog.pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = c.confkey[i]
  JOIN pg_catalog.pg_operator o ON o.oid = c.conpfeqop[i]
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
) k ON c.contype = 'f'
WHERE NOT c.convalidated AND c.conparentid = 0 AND c.conrelid <> 0
  AND coalesce((pg_catalog.to_jsonb(c) ->> 'conenforced')::bool, true)
ORDER BY 2, 1
