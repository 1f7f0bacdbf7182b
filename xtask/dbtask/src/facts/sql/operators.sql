SELECT 'cast', format('(%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL)), NULL::text, jsonb_strip_nulls(jsonb_build_object(
    'function', NULLIF(castfunc, 0)::regprocedure::text, 'context', castcontext, 'method', castmethod)),
    NULL::oid, NULL::aclitem[], NULL::"char", 'pg_cast'::regclass, c.oid, 0
  FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_cast'::regclass AND ext.objid = c.oid)
UNION ALL SELECT 'operator', o.oid::regoperator::text, ns.q, jsonb_strip_nulls(jsonb_build_object(
    'result', NULLIF(oprresult, 0)::regtype::text, 'function', NULLIF(oprcode, 0)::regprocedure::text, 'commutator', NULLIF(oprcom, 0)::regoperator::text,
    'negator', NULLIF(oprnegate, 0)::regoperator::text, 'restrict', NULLIF(oprrest, 0)::regprocedure::text, 'join', NULLIF(oprjoin, 0)::regprocedure::text,
    'merges', oprcanmerge, 'hashes', oprcanhash)), oprowner, NULL, NULL, 'pg_operator'::regclass, o.oid, 0
  -- one without a function was only named, as the commutator of another
  FROM pg_operator o JOIN ns ON ns.oid = oprnamespace WHERE oprcode <> 0 AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_operator'::regclass AND ext.objid = o.oid)
-- what a class and a family hold: members hang on one of them
UNION ALL SELECT 'operator class', format('%s.%I USING %I', ns.q, opcname, amname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'type', opcintype::regtype::text, 'key', NULLIF(opckeytype, 0)::regtype::text, 'default', opcdefault,
    'family', (SELECT opfnamespace::regnamespace || '.' || format('%I', opfname) FROM pg_opfamily f WHERE f.oid = opcfamily),
    'members', MEMBERS('pg_opclass', c.oid))), opcowner, NULL, NULL, 'pg_opclass'::regclass, c.oid, 0
  FROM pg_opclass c JOIN ns ON ns.oid = opcnamespace JOIN pg_am am ON am.oid = opcmethod
  WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_opclass'::regclass AND ext.objid = c.oid)
UNION ALL SELECT 'operator family', format('%s.%I USING %I', ns.q, opfname, amname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'members', MEMBERS('pg_opfamily', f.oid))), opfowner, NULL, NULL, 'pg_opfamily'::regclass, f.oid, 0
  FROM pg_opfamily f JOIN ns ON ns.oid = opfnamespace JOIN pg_am am ON am.oid = opfmethod
  WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_opfamily'::regclass AND ext.objid = f.oid)
UNION ALL SELECT 'access method', format('%I', amname), NULL, jsonb_build_object('handler', amhandler, 'type', amtype), NULL, NULL, NULL, 'pg_am'::regclass, a.oid, 0
  FROM pg_am a WHERE a.oid >= 16384 AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_am'::regclass AND ext.objid = a.oid)
UNION ALL SELECT 'conversion', format('%s.%I', ns.q, conname), ns.q, jsonb_build_object('from', pg_encoding_to_char(conforencoding), 'to', pg_encoding_to_char(contoencoding),
    'function', conproc, 'default', condefault), conowner, NULL, NULL, 'pg_conversion'::regclass, c.oid, 0
  FROM pg_conversion c JOIN ns ON ns.oid = connamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_conversion'::regclass AND ext.objid = c.oid)
UNION ALL SELECT 'language', format('%I', lanname), NULL, jsonb_strip_nulls(jsonb_build_object('trusted', lanpltrusted, 'handler', NULLIF(lanplcallfoid, 0)::regprocedure::text,
    'inline', NULLIF(laninline, 0)::regprocedure::text, 'validator', NULLIF(lanvalidator, 0)::regprocedure::text)), lanowner, lanacl, 'l', 'pg_language'::regclass, l.oid, 0
  FROM pg_language l WHERE l.oid >= 16384 AND NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_language'::regclass AND ext.objid = l.oid)
UNION ALL SELECT 'transform', format('for %s language %I', trftype::regtype, lanname), NULL, jsonb_strip_nulls(jsonb_build_object(
    'from_sql', NULLIF(trffromsql, 0::regproc)::oid::regprocedure::text, 'to_sql', NULLIF(trftosql, 0::regproc)::oid::regprocedure::text)), NULL, NULL, NULL, 'pg_transform'::regclass, t.oid, 0
  FROM pg_transform t JOIN pg_language l ON l.oid = trflang WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_transform'::regclass AND ext.objid = t.oid)
-- text search
UNION ALL SELECT 'text search configuration', format('%s.%I', ns.q, cfgname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'parser', (SELECT prsnamespace::regnamespace || '.' || format('%I', prsname) FROM pg_ts_parser p WHERE p.oid = cfgparser),
    'mappings', (SELECT jsonb_object_agg(alias, dictionaries) FROM (
        SELECT t.alias, jsonb_agg(mapdict::regdictionary::text ORDER BY mapseqno) AS dictionaries
        FROM pg_ts_config_map m JOIN LATERAL ts_token_type(cfgparser) t ON t.tokid = m.maptokentype WHERE m.mapcfg = c.oid GROUP BY t.alias) z))),
    cfgowner, NULL, NULL, 'pg_ts_config'::regclass, c.oid, 0
  FROM pg_ts_config c JOIN ns ON ns.oid = cfgnamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_ts_config'::regclass AND ext.objid = c.oid)
UNION ALL SELECT 'text search dictionary', format('%s.%I', ns.q, dictname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'template', (SELECT tmplnamespace::regnamespace || '.' || format('%I', tmplname) FROM pg_ts_template t WHERE t.oid = dicttemplate), 'options', dictinitoption)),
    dictowner, NULL, NULL, 'pg_ts_dict'::regclass, d.oid, 0
  FROM pg_ts_dict d JOIN ns ON ns.oid = dictnamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_ts_dict'::regclass AND ext.objid = d.oid)
UNION ALL SELECT 'text search parser', format('%s.%I', ns.q, prsname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'start', prsstart, 'token', prstoken, 'end', prsend, 'headline', NULLIF(prsheadline, 0::regproc)::regproc, 'types', prslextype)),
    NULL, NULL, NULL, 'pg_ts_parser'::regclass, p.oid, 0
  FROM pg_ts_parser p JOIN ns ON ns.oid = prsnamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_ts_parser'::regclass AND ext.objid = p.oid)
UNION ALL SELECT 'text search template', format('%s.%I', ns.q, tmplname), ns.q, jsonb_strip_nulls(jsonb_build_object(
    'init', NULLIF(tmplinit, 0::regproc)::regproc, 'lexize', tmpllexize)), NULL, NULL, NULL, 'pg_ts_template'::regclass, t.oid, 0
  FROM pg_ts_template t JOIN ns ON ns.oid = tmplnamespace WHERE NOT EXISTS (SELECT FROM ext WHERE ext.classid = 'pg_ts_template'::regclass AND ext.objid = t.oid)
