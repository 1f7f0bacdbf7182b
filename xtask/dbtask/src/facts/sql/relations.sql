-- tables, foreign tables
SELECT rel.kind, q, schema, jsonb_strip_nulls(jsonb_build_object(
    'persistence', relpersistence, 'row_security', relrowsecurity, 'forced_row_security', relforcerowsecurity,
    -- an index that is the identity says so itself, and one that is gone leaves none
    'replica_identity', CASE WHEN relreplident IN ('f', 'n') THEN relreplident END,
    'partition_key', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(oid) END,
    'partition_bound', CASE WHEN relispartition THEN pg_get_expr(relpartbound, oid) END,
    'inherits', (SELECT jsonb_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = rel.oid),
    'of_type', CASE WHEN reloftype <> 0 THEN reloftype::regtype::text END,
    'access_method', (SELECT amname FROM pg_am WHERE pg_am.oid = relam AND (amname <> 'heap' OR rel.relkind = 'p')),
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace),
    'options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest(reloptions) o),
    'toast_options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = rel.reltoastrelid),
    'server', ft.srvname, 'foreign_options', ft.options,
    -- what comes from a parent stands where it was when it came, or before all others where the child was made again
    'column_order', (SELECT jsonb_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped
                     AND (attinhcount = 0 OR relispartition)))),
    relowner, relacl, 'r', 'pg_class'::regclass, oid, 0
  FROM rel
  LEFT JOIN LATERAL (SELECT s.srvname, SECRET(ft.ftoptions) AS options FROM pg_foreign_table ft JOIN pg_foreign_server s ON s.oid = ft.ftserver
                     WHERE ft.ftrelid = rel.oid) ft ON true
  WHERE relkind IN ('r', 'p', 'f')
-- views, materialized views
UNION ALL SELECT rel.kind, q, schema, jsonb_strip_nulls(jsonb_build_object('definition', pg_get_viewdef(oid),
    'options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM unnest(reloptions) o),
    'toast_options', (SELECT jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = rel.reltoastrelid),
    'replica_identity', CASE WHEN relkind = 'm' AND relreplident IN ('f', 'n') THEN relreplident END,
    'columns', (SELECT jsonb_agg(format('%I %s', attname, format_type(atttypid, atttypmod)) ORDER BY attnum)
                FROM pg_attribute WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped),
    'access_method', (SELECT amname FROM pg_am WHERE pg_am.oid = relam AND amname <> 'heap'),
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace))),
    relowner, relacl, 'r', 'pg_class'::regclass, oid, 0
  FROM rel WHERE relkind IN ('v', 'm')
-- sequences; those of identity columns take their type from the column
UNION ALL SELECT 'sequence', q, schema, jsonb_strip_nulls(jsonb_build_object(
    'type', CASE WHEN idseq.relid IS NULL THEN seqtypid::regtype::text END, 'start', seqstart, 'increment', seqincrement, 'minimum', seqmin,
    'maximum', seqmax, 'cache', seqcache, 'cycle', seqcycle, 'persistence', relpersistence,
    'identity_of', (SELECT format('%s.%I', attrelid::regclass, attname) FROM pg_attribute a WHERE a.attrelid = idseq.relid AND a.attnum = idseq.attnum),
    'owned_by', (SELECT format('%s.%I', refobjid::regclass, attname) FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = rel.oid AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass))),
    relowner, relacl, 's', 'pg_class'::regclass, oid, 0
  FROM pg_sequence s JOIN rel ON rel.oid = s.seqrelid LEFT JOIN idseq ON idseq.seqrelid = s.seqrelid
  WHERE idseq.relid IS NULL OR idseq.relid IN (SELECT oid FROM rel)
