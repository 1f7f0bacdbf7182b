SELECT pg_catalog.jsonb_build_object(
  'owner', pg_catalog.pg_get_userbyid(d.datdba),
  'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
  'collate', d.datcollate,
  'ctype', d.datctype,
  -- these columns came with 15 and 17
  'provider', coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c'),
  'locale', coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'),
  'privileges', d.datacl::text[],
  'connection_limit', d.datconnlimit,
  'comment', pg_catalog.shobj_description(d.oid, 'pg_database'),
  'extensions', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', e.extname, 'version', e.extversion, 'schema', n.nspname) ORDER BY e.extname), '[]')
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace)
)::text
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
