CREATE OR REPLACE VIEW living_letters AS SELECT id, address, body FROM letters WHERE deleted_at IS NULL;
