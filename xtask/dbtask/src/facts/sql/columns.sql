-- columns; those of views only where something was set on them, since the view lists them. `pg_attver` is the server's own
-- count, from the minor releases of November 2026 on
SELECT CASE WHEN relkind = 'c' THEN 'attribute' ELSE 'column' END, format('%s.%I', q, attname), q, jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(atttypid, atttypmod), 'not_null', CASE WHEN relkind IN ('r', 'p', 'f') THEN attnotnull END,
    'identity', NULLIF(attidentity, ''), 'generated', NULLIF(attgenerated, ''),
    'expression', CASE WHEN attgenerated <> '' THEN pg_get_expr(ad.adbin, ad.adrelid) END,
    'collation', CASE WHEN attcollation <> t.typcollation THEN attcollation::regcollation::text END,
    'storage', CASE WHEN attstorage <> t.typstorage THEN attstorage END,
    'compression', NULLIF(attcompression, ''), 'statistics', NULLIF(attstattarget, -1),
    'options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest(attoptions) o WHERE NOT starts_with(o, 'pg_attver=')),
    'foreign_options', SECRET(attfdwoptions),
    'inherited', CASE WHEN NOT attislocal THEN true END,
    -- before 18 a NOT NULL has no name and no properties
    'not_null_constraint', (SELECT NULLIF(jsonb_strip_nulls(jsonb_build_object('name', CASE WHEN conname <> relname || '_' || attname || '_not_null' THEN conname END, --@ >= 180000
      'no_inherit', NULLIF(connoinherit, false), 'valid', NULLIF(convalidated, true), 'inherited', CASE WHEN NOT conislocal THEN true END)), '{}') --@ >= 180000
      FROM pg_constraint nc WHERE nc.conrelid = rel.oid AND contype = 'n' AND conkey = ARRAY[attnum]), --@ >= 180000
    'position', CASE WHEN relkind = 'c' THEN row_number() OVER (PARTITION BY attrelid ORDER BY attnum) END)),
    relowner, attacl, 'c', 'pg_class'::regclass, rel.oid, attnum
  FROM pg_attribute a JOIN rel ON rel.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
    AND (relkind IN ('r', 'p', 'f', 'c') OR (relkind IN ('v', 'm') AND (attacl IS NOT NULL OR EXISTS (SELECT FROM unnest(attoptions) o WHERE NOT starts_with(o, 'pg_attver=')) OR attstattarget >= 0
         OR attcompression <> '' OR (relkind = 'm' AND attstorage <> t.typstorage))))
UNION ALL SELECT 'default', format('%s.%I', q, attname), format('%s.%I', q, attname), jsonb_build_object('expression', pg_get_expr(adbin, adrelid)),
    NULL, NULL, NULL, 'pg_attrdef'::regclass, ad.oid, 0
  FROM pg_attrdef ad JOIN rel ON rel.oid = adrelid JOIN pg_attribute a ON a.attrelid = adrelid AND a.attnum = adnum WHERE a.attgenerated = ''
