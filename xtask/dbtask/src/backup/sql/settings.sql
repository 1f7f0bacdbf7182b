SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'role', r.rolname, 'settings', s.setconfig) ORDER BY r.rolname NULLS FIRST), '[]')::text
FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
