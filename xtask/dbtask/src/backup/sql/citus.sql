SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'table', p.logicalrelid::text,
    'method', p.partmethod,
    'column', CASE WHEN p.partkey IS NOT NULL THEN pg_catalog.column_to_column_name(p.logicalrelid, p.partkey::text) END,
    'colocation', p.colocationid,
    'shards', (SELECT count(*) FROM pg_catalog.pg_dist_shard s WHERE s.logicalrelid = p.logicalrelid)
  ) ORDER BY p.logicalrelid::text), '[]')::text
FROM pg_catalog.pg_dist_partition p
