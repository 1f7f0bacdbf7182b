ALTER TABLE addresses RESET (autovacuum_enabled);
