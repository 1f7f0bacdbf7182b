)
SELECT f.kind, f.identity, f.parent, (f.attributes || jsonb_strip_nulls(jsonb_build_object(
    'owner', CASE WHEN f.acltype IS DISTINCT FROM 'c' THEN pg_get_userbyid(f.owner) END,
    'grants', CASE WHEN f.acl IS NOT NULL AND g.now IS DISTINCT FROM g.usual THEN COALESCE(g.now, '{}') END,
    'depends_on_extensions', x.extensions)))::text, f.class, f.oid, f.sub
FROM f
LEFT JOIN LATERAL (SELECT GRANTS(f.acl, COALESCE(f.owner, 10)) AS now, GRANTS(acldefault(f.acltype, COALESCE(f.owner, 10)), COALESCE(f.owner, 10)) AS usual WHERE f.acl IS NOT NULL) g ON true
LEFT JOIN (SELECT d.classid, d.objid, jsonb_agg(e.extname ORDER BY e.extname) AS extensions FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass GROUP BY 1, 2) x ON x.classid = f.class AND x.objid = f.oid AND f.sub = 0
