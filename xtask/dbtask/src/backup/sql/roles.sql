WITH RECURSIVE database AS (
  SELECT oid, datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
), used(oid) AS (
  -- who owns or may do something here; the role that initdb made is in no dependency
  SELECT s.refobjid FROM pg_catalog.pg_shdepend s, database d
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND (s.dbid = d.oid OR s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = d.oid)
  UNION SELECT datdba FROM database
  UNION SELECT relowner FROM pg_catalog.pg_class WHERE oid >= 16384 AND relkind <> 't'
  UNION SELECT nspowner FROM pg_catalog.pg_namespace WHERE oid >= 16384
  UNION SELECT proowner FROM pg_catalog.pg_proc WHERE oid >= 16384
  UNION SELECT typowner FROM pg_catalog.pg_type WHERE oid >= 16384
  UNION SELECT setrole FROM pg_catalog.pg_db_role_setting s, database d WHERE s.setdatabase = d.oid
  UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN used u ON u.oid = m.member
)
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'name', r.rolname, 'superuser', r.rolsuper, 'inherit', r.rolinherit, 'createrole', r.rolcreaterole,
    'createdb', r.rolcreatedb, 'login', r.rolcanlogin, 'replication', r.rolreplication, 'bypassrls', r.rolbypassrls,
    'connection_limit', r.rolconnlimit, 'valid_until', r.rolvaliduntil,
    'member_of', (SELECT coalesce(pg_catalog.jsonb_agg(DISTINCT g.rolname ORDER BY g.rolname), '[]')
      FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
  ) ORDER BY r.rolname), '[]')::text
FROM pg_catalog.pg_roles r JOIN used u ON u.oid = r.oid WHERE r.rolname !~ '^pg_'
