COMMENT ON CONSTRAINT planets_pkey ON planets IS 'by number';
