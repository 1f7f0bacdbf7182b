)
SELECT f.kind, f.identity, f.parent, (f.attributes || jsonb_strip_nulls(jsonb_build_object(
    'owner', CASE WHEN f.acltype IS DISTINCT FROM 'c' THEN pg_get_userbyid(f.owner) END,
    'grants', g.grants,
    'depends_on_extensions', x.extensions)))::text, f.class, f.oid, f.sub
FROM f
-- whose privileges are not what an object of that kind has by itself; nobody's is an empty list
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(role, COALESCE(now -> role, '[]')) AS grants
  FROM (SELECT COALESCE(GRANTS(f.acl, COALESCE(f.owner, 10)), '{}') AS now, COALESCE(GRANTS(acldefault(f.acltype, COALESCE(f.owner, 10)), COALESCE(f.owner, 10)), '{}') AS usual WHERE f.acl IS NOT NULL) a
  CROSS JOIN LATERAL (SELECT jsonb_object_keys(now) UNION SELECT jsonb_object_keys(usual)) r(role)
  WHERE now -> role IS DISTINCT FROM usual -> role) g ON true
LEFT JOIN (SELECT d.classid, d.objid, jsonb_agg(e.extname ORDER BY e.extname) AS extensions FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass GROUP BY 1, 2) x ON x.classid = f.class AND x.objid = f.oid AND f.sub = 0
