-- constraints; of a partition those that are its parent's clone count where they have an index, whose name is its own
SELECT 'constraint', format('%s.%I', q, conname), q, jsonb_strip_nulls(jsonb_build_object('type', contype, 'definition', pg_get_constraintdef(con.oid),
    'inherited', CASE WHEN NOT conislocal AND conparentid = 0 THEN true END,
    'attached_to', (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = ix.oid),
    'options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest(ix.reloptions) o),
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = ix.reltablespace),
    'clustered', NULLIF(i.indisclustered, false), 'replica_identity', NULLIF(i.indisreplident, false))),
    NULL, NULL, NULL, 'pg_constraint'::regclass, con.oid, 0
  -- a foreign key names the index that it leans on; that one is another constraint's
  FROM pg_constraint con JOIN rel ON rel.oid = con.conrelid LEFT JOIN pg_class ix ON ix.oid = con.conindid AND contype IN ('p', 'u', 'x')
  LEFT JOIN pg_index i ON i.indexrelid = ix.oid
  WHERE contype IN ('p', 'u', 'x') OR (contype IN ('f', 'c') AND conparentid = 0)
UNION ALL SELECT 'constraint', format('%s.%I', q, conname), q, jsonb_build_object('type', 'd', 'definition', pg_get_constraintdef(con.oid)),
    NULL, NULL, NULL, 'pg_constraint'::regclass, con.oid, 0
  FROM pg_constraint con JOIN typ ON typ.oid = con.contypid WHERE contype = 'c'
-- indexes that no constraint has; one that is attached is named by its parent
UNION ALL SELECT 'index', format('%s.%I', rel.schema, ix.relname), rel.q, jsonb_strip_nulls(jsonb_build_object('definition', pg_get_indexdef(ix.oid),
    'valid', CASE WHEN ix.relkind = 'i' THEN i.indisvalid END, 'clustered', NULLIF(i.indisclustered, false), 'replica_identity', NULLIF(i.indisreplident, false),
    'attached_to', (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = ix.oid),
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = ix.reltablespace),
    'statistics', (SELECT jsonb_object_agg(attnum, attstattarget) FROM pg_attribute WHERE attrelid = ix.oid AND attstattarget >= 0))),
    NULL, NULL, NULL, 'pg_class'::regclass, ix.oid, 0
  FROM pg_index i JOIN rel ON rel.oid = i.indrelid JOIN pg_class ix ON ix.oid = i.indexrelid
  WHERE NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conrelid = i.indrelid AND con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x'))
UNION ALL SELECT 'statistics', format('%s.%I', ns.q, stxname), stxrelid::regclass::text, jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_statisticsobjdef(s.oid), 'target', NULLIF(s.stxstattarget, -1))),
    stxowner, NULL, NULL, 'pg_statistic_ext'::regclass, s.oid, 0
  FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace
  WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_statistic_ext'::regclass AND ext.objid = s.oid)
