ALTER TABLE addresses SET (autovacuum_enabled = true);
