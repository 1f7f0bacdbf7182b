-- what reaches beyond the schemas: foreign servers, replication, event triggers, default privileges
SELECT 'foreign-data wrapper', format('%I', fdwname), NULL::text, jsonb_strip_nulls(jsonb_build_object('handler', NULLIF(fdwhandler, 0)::regprocedure::text,
    'validator', NULLIF(fdwvalidator, 0)::regprocedure::text, 'options', SECRET(fdwoptions))), fdwowner, fdwacl, 'F'::"char", 'pg_foreign_data_wrapper'::regclass, w.oid, 0
  FROM pg_foreign_data_wrapper w WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_foreign_data_wrapper'::regclass AND ext.objid = w.oid)
UNION ALL SELECT 'server', format('%I', srvname), NULL, jsonb_strip_nulls(jsonb_build_object('wrapper', (SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = srvfdw),
    'type', srvtype, 'version', srvversion, 'options', SECRET(srvoptions))), srvowner, srvacl, 'S', 'pg_foreign_server'::regclass, s.oid, 0
  FROM pg_foreign_server s WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_foreign_server'::regclass AND ext.objid = s.oid)
-- whose options a role may not read, for it they are unknown
UNION ALL SELECT 'user mapping', format('%I for %I', srvname, usename), format('%I', srvname), jsonb_strip_nulls(jsonb_build_object(
    'secret_options', (SELECT encode(sha256(convert_to(string_agg(o, E'\n' ORDER BY o COLLATE "C"), 'UTF8')), 'hex') FROM unnest(umoptions) o))),
    NULL, NULL, NULL, 'pg_user_mapping'::regclass, umid, 0
  FROM pg_user_mappings
UNION ALL SELECT 'subscription', format('%I', subname), NULL, jsonb_strip_nulls(jsonb_build_object(
    'publications', subpublications, 'slot', subslotname, 'synchronous_commit', subsynccommit, 'binary', subbinary, 'streaming', substream
    , 'secret_connection', encode(sha256(convert_to(subconninfo, 'UTF8')), 'hex') --@ superuser
    , 'two_phase', subtwophasestate <> 'd', 'disable_on_error', subdisableonerr --@ >= 150000
    , 'password_required', subpasswordrequired, 'run_as_owner', subrunasowner, 'origin', suborigin --@ >= 160000
    , 'failover', subfailover --@ >= 170000
    )), subowner, NULL, NULL, 'pg_subscription'::regclass, oid, 0
  FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'publication', format('%I', pubname), NULL, to_jsonb(p) - 'oid' - 'pubowner' - 'pubname' || jsonb_strip_nulls(jsonb_build_object(
    'schemas', (SELECT jsonb_agg(pnnspid::regnamespace::text ORDER BY pnnspid::regnamespace::text COLLATE "C") FROM pg_publication_namespace WHERE pnpubid = p.oid), --@ >= 150000
    'tables', (SELECT jsonb_object_agg(prrelid::regclass::text, jsonb_build_object('published', true
        , 'where', pg_get_expr(prqual, prrelid), 'columns', (SELECT jsonb_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)) --@ >= 150000
      )) FROM pg_publication_rel WHERE prpubid = p.oid))), pubowner, NULL, NULL, 'pg_publication'::regclass, oid, 0
  FROM pg_publication p
UNION ALL SELECT 'event trigger', format('%I', evtname), NULL, jsonb_strip_nulls(jsonb_build_object('event', evtevent, 'function', evtfoid::regprocedure::text, 'enabled', evtenabled, 'tags', evttags)),
    evtowner, NULL, NULL, 'pg_event_trigger'::regclass, oid, 0
  FROM pg_event_trigger e WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_event_trigger'::regclass AND ext.objid = e.oid)
UNION ALL SELECT 'default privileges', format('of %I for %s%s', pg_get_userbyid(defaclrole), CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
      WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE defaclobjtype::text END, COALESCE(' in schema ' || ns.q, '')),
    ns.q, jsonb_build_object('grants', COALESCE(GRANTS(defaclacl, defaclrole), '{}')), NULL, NULL, NULL, 'pg_default_acl'::regclass, d.oid, 0
  FROM pg_default_acl d LEFT JOIN ns ON ns.oid = defaclnamespace WHERE defaclnamespace = 0 OR ns.oid IS NOT NULL
UNION ALL SELECT 'security label', format('%s %s by %s', objtype, objname, provider), NULL, jsonb_build_object('label', label), NULL, NULL, NULL, NULL, NULL, NULL
  FROM pg_seclabels WHERE objtype NOT IN ('database', 'role', 'tablespace', 'large object')
