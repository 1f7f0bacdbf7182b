ALTER TABLE line_item DROP CONSTRAINT IF EXISTS line_item_pkey;
ALTER TABLE line_item ADD CONSTRAINT line_item_pkey PRIMARY KEY (id, claim_id);
