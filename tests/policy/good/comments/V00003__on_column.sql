COMMENT ON COLUMN planets.name IS 'in English';
