-- the schema that initdb makes belongs to nobody in particular: only what was changed about it counts
SELECT 'schema', q, NULL::text, '{}'::jsonb,
    CASE WHEN NOT (nspname = 'public' AND (nspowner = 10 OR pg_get_userbyid(nspowner) = 'pg_database_owner')) THEN nspowner END,
    CASE WHEN nspacl IS DISTINCT FROM (SELECT initprivs FROM pg_init_privs i WHERE i.classoid = 'pg_namespace'::regclass AND i.objoid = ns.oid) THEN nspacl END,
    'n'::"char", 'pg_namespace'::regclass::oid, oid, 0
  FROM ns WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_namespace'::regclass AND ext.objid = ns.oid)
UNION ALL SELECT 'extension', format('%I', e.extname), NULL, jsonb_build_object('schema', n.nspname),
    NULL, NULL, NULL, 'pg_extension'::regclass, e.oid, 0
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= 16384
