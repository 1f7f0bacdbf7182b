-- privileges that were changed on what is not the user's own: on members of extensions and in pg_catalog
SELECT 'privileges', x.type || ' ' || x.identity, NULL::text, jsonb_build_object('grants', COALESCE(GRANTS(p.acl, p.owner), '{}')), NULL::oid, NULL::aclitem[], NULL::"char", NULL::oid, NULL::oid, NULL::int4
  FROM (
    SELECT 'pg_proc'::regclass::oid AS class, oid, 0 AS sub, proowner AS owner, proacl AS acl, 'f'::"char" AS type, pronamespace AS schema FROM pg_proc WHERE proacl IS NOT NULL
    UNION ALL SELECT 'pg_class'::regclass, oid, 0, relowner, relacl, CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relnamespace FROM pg_class WHERE relacl IS NOT NULL
    UNION ALL SELECT 'pg_class'::regclass, c.oid, attnum, relowner, attacl, 'c', relnamespace FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attacl IS NOT NULL
    UNION ALL SELECT 'pg_type'::regclass, oid, 0, typowner, typacl, 'T', typnamespace FROM pg_type WHERE typacl IS NOT NULL
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspowner, nspacl, 'n', oid FROM pg_namespace WHERE nspacl IS NOT NULL AND nspname = 'pg_catalog'
    UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanowner, lanacl, 'l', 0 FROM pg_language WHERE lanacl IS NOT NULL AND lanispl
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwowner, fdwacl, 'F', 0 FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 0, srvowner, srvacl, 'S', 0 FROM pg_foreign_server WHERE srvacl IS NOT NULL
  ) p
  LEFT JOIN pg_init_privs i ON i.classoid = p.class AND i.objoid = p.oid AND i.objsubid = p.sub
  CROSS JOIN LATERAL pg_identify_object(p.class, p.oid, p.sub) x
  -- most are as they came, to the letter
  WHERE p.acl IS DISTINCT FROM i.initprivs
    AND (EXISTS (SELECT FROM ext WHERE ext.classid = p.class AND ext.objid = p.oid) OR (p.oid < 16384 AND p.schema = 'pg_catalog'::regnamespace))
    AND GRANTS(p.acl, p.owner) IS DISTINCT FROM GRANTS(COALESCE(i.initprivs, acldefault(p.type, p.owner)), p.owner)
