-- enums, composite types, ranges, domains, base types, shells
SELECT typ.kind, q, schema, jsonb_strip_nulls(jsonb_build_object('category', CASE typtype WHEN 'c' THEN 'composite' WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum'
      WHEN 'r' THEN 'range' WHEN 'p' THEN 'shell' ELSE 'base' END,
    'labels', (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = typ.oid),
    'range', (SELECT jsonb_build_object('subtype', rngsubtype::regtype::text, 'canonical', NULLIF(rngcanonical, 0::regproc)::regproc, 'difference', NULLIF(rngsubdiff, 0::regproc)::regproc,
        'operator_class', (SELECT opcnamespace::regnamespace || '.' || format('%I', opcname) FROM pg_opclass o WHERE o.oid = rngsubopc AND NOT opcdefault),
        'collation', CASE WHEN rngcollation <> (SELECT typcollation FROM pg_type s WHERE s.oid = rngsubtype) THEN rngcollation::regcollation::text END,
        'multirange', rngmultitypid::regtype::text) FROM pg_range WHERE rngtypid = typ.oid),
    'base', CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) END, 'not_null', CASE WHEN typtype = 'd' THEN typnotnull END,
    'not_null_constraint', (SELECT NULLIF(conname::text, typname || '_not_null') FROM pg_constraint nc WHERE nc.contypid = typ.oid AND nc.contype = 'n'), --@ >= 170000
    'default', CASE WHEN typtype = 'd' THEN COALESCE(pg_get_expr(typdefaultbin, 0), typdefault) ELSE typdefault END,
    'collation', CASE WHEN typtype = 'd' AND typcollation <> (SELECT b.typcollation FROM pg_type b WHERE b.oid = typ.typbasetype) THEN typcollation::regcollation::text END,
    'input', CASE WHEN typtype = 'b' THEN jsonb_build_object('input', typinput, 'output', typoutput, 'receive', NULLIF(typreceive, 0::regproc)::regproc, 'send', NULLIF(typsend, 0::regproc)::regproc,
        'modifier_input', NULLIF(typmodin, 0::regproc)::regproc, 'modifier_output', NULLIF(typmodout, 0::regproc)::regproc, 'analyze', NULLIF(typanalyze, 0::regproc)::regproc,
        'subscript', NULLIF(typsubscript, 0::regproc)::regproc, 'length', typlen, 'by_value', typbyval, 'alignment', typalign, 'storage', typstorage,
        'category', typcategory, 'preferred', typispreferred, 'delimiter', typdelim, 'element', NULLIF(typelem, 0)::regtype::text, 'collatable', typcollation <> 0) END)),
    typowner, typacl, 'T'::"char", 'pg_type'::regclass, oid, 0
  FROM typ
UNION ALL SELECT 'collation', format('%s.%I', ns.q, collname), ns.q,
    to_jsonb(c) - 'oid' - 'collowner' - 'collnamespace' - 'collname' - 'collversion' - 'collencoding', collowner, NULL, NULL, 'pg_collation'::regclass, c.oid, 0
  FROM pg_collation c JOIN ns ON ns.oid = collnamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_collation'::regclass AND ext.objid = c.oid)
