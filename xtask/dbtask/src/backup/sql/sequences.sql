SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'sequence', pg_catalog.format('%I.%I', s.schemaname, s.sequencename), 'last_value', s.last_value,
    'increment', s.increment_by, 'cycle', s.cycle) ORDER BY s.schemaname, s.sequencename), '[]')::text
FROM pg_catalog.pg_sequences s
WHERE s.schemaname !~ '^pg_' AND s.schemaname <> 'information_schema'
