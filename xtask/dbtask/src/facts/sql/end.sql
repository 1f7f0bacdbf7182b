)
SELECT f.kind, f.identity, f.parent, (f.attributes || jsonb_strip_nulls(jsonb_build_object(
    'owner', CASE WHEN f.acltype = 'c' THEN NULL
        WHEN f.kind = 'schema' AND f.identity = 'public' AND f.owner = 10 THEN NULL --@ < 150000
        WHEN f.kind = 'schema' AND f.identity = 'public' AND f.owner = 'pg_database_owner'::regrole THEN NULL --@ >= 150000
        ELSE pg_get_userbyid(f.owner) END,
    'grants', g.grants,
    'depends_on_extensions', x.extensions)))::text, f.class, f.oid, f.sub
FROM f
-- whose privileges are not what an object of that kind has by itself; nobody's is an empty list
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(role, COALESCE(now -> role, '[]')) AS grants
  FROM (SELECT COALESCE(GRANTS(f.acl, COALESCE(f.owner, 10)), '{}') AS now, COALESCE(GRANTS(acldefault(f.acltype, COALESCE(f.owner, 10))
        -- initdb grants everybody something on `public`
        || CASE WHEN f.kind = 'schema' AND f.identity = 'public' THEN '{}'::aclitem[] || makeaclitem(0, f.owner, 'USAGE', false)
          || makeaclitem(0, f.owner, 'CREATE', false) --@ < 150000
          ELSE '{}' END, COALESCE(f.owner, 10)), '{}') AS usual
    WHERE f.acl IS NOT NULL) a
  CROSS JOIN LATERAL (SELECT jsonb_object_keys(now) UNION SELECT jsonb_object_keys(usual)) r(role)
  WHERE now -> role IS DISTINCT FROM usual -> role) g ON true
LEFT JOIN (SELECT d.classid, d.objid, jsonb_agg(e.extname ORDER BY e.extname) AS extensions FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass GROUP BY 1, 2) x ON x.classid = f.class AND x.objid = f.oid AND f.sub = 0
