-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS source_points_upsert_target
    ON source_points (user_id, at, coalesce(device_id, 0));
