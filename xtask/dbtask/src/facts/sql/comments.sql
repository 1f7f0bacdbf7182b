-- comments on whatever is the user's, and on extensions; the server spells what they are on
SELECT 'comment', x.type || ' ' || x.identity, NULL::text, jsonb_build_object('text', d.description), NULL::oid, NULL::aclitem[], NULL::"char", NULL::oid, NULL::oid, NULL::int4
  FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) x
  WHERE d.objoid >= 16384 AND d.classoid <> 'pg_largeobject'::regclass AND x.identity IS NOT NULL
    AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = d.classoid AND ext.objid = d.objoid)
    AND NOT (d.classoid = 'pg_namespace'::regclass AND x.identity = 'public') AND NOT (d.classoid = 'pg_extension'::regclass AND x.identity = 'plpgsql')
    -- a partition's clone of a trigger is made anew with its parent's
    AND NOT (d.classoid = 'pg_trigger'::regclass AND EXISTS (SELECT FROM pg_trigger t JOIN pg_trigger above ON above.oid = t.tgparentid
      WHERE t.oid = d.objoid AND t.tgenabled = above.tgenabled))
    AND (d.classoid <> 'pg_class'::regclass OR d.objoid IN (SELECT oid FROM rel) OR d.objoid IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (SELECT oid FROM rel)))
    AND (x.schema IS NULL OR x.schema !~ '^pg_')
    AND x.schema IS DISTINCT FROM 'dbtask' AND NOT (d.classoid = 'pg_namespace'::regclass AND x.identity = 'dbtask') --@ users
-- `public` has one from the start
UNION ALL SELECT 'comment', 'schema public', NULL, jsonb_build_object('text', COALESCE(obj_description(oid, 'pg_namespace'), '')), NULL, NULL, NULL, NULL, NULL, NULL
  FROM ns WHERE nspname = 'public' AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM 'standard public schema'
