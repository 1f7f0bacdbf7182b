DROP TABLE IF EXISTS temp_migration_backup;
