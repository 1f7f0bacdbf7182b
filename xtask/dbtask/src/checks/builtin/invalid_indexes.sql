-- an index of a partitioned table that awaits its partitions' is none; nor is one that is being built right now
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS index, i.indrelid::pg_catalog.regclass::text AS table
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
ORDER BY 1
