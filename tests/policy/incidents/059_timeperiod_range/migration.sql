ALTER TABLE timeperiod_range
    ADD COLUMN IF NOT EXISTS range_key character varying(255) NOT NULL,
    ADD COLUMN IF NOT EXISTS range_value character varying(255) NOT NULL;
