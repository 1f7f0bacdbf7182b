-- the keys, with the places of their columns
SELECT con.contype::text, format('%I.%I', n.nspname, c.relname),
  (SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k(num, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.num),
  (SELECT format('%I.%I', fn.nspname, fc.relname) FROM pg_catalog.pg_class fc JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace WHERE fc.oid = con.confrelid),
  coalesce((SELECT array_agg(attname::text ORDER BY k.n) FROM unnest(con.confkey) WITH ORDINALITY AS k(num, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.num), '{}')
FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_class c ON c.oid = con.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE con.contype IN ('p', 'u', 'f') AND con.conparentid = 0
-- foreign keys last: whether they are unique follows from the others
ORDER BY 2, con.contype = 'f', con.contype, con.conname
