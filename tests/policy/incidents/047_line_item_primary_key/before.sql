CREATE TABLE line_item (id bigint NOT NULL, claim_id bigint NOT NULL, CONSTRAINT line_item_pkey PRIMARY KEY (id));
CREATE TABLE adjustment (id bigint PRIMARY KEY, line_item_id bigint REFERENCES line_item (id));
CREATE INDEX adjustment_line_item_id_idx ON adjustment (line_item_id);
