-- of the schema that initdb makes only what was changed about it counts
SELECT 'schema', q, NULL::text, '{}'::jsonb, nspowner,
    CASE WHEN nspname = 'public' THEN COALESCE(nspacl, acldefault('n', nspowner)) ELSE nspacl END,
    'n'::"char", 'pg_namespace'::regclass::oid, oid, 0
  FROM ns WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_namespace'::regclass AND ext.objid = ns.oid)
UNION ALL SELECT 'extension', format('%I', e.extname), NULL, jsonb_build_object('schema', n.nspname),
    NULL, NULL, NULL, 'pg_extension'::regclass, e.oid, 0
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= 16384 AND e.extname <> 'plpgsql' -- in every database, also where it was dropped and made again
