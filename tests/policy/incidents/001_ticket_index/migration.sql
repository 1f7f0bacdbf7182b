ALTER TABLE tickets ADD COLUMN IF NOT EXISTS listing_id bigint;
CREATE INDEX IF NOT EXISTS tickets_listing_id_idx ON tickets (listing_id);
