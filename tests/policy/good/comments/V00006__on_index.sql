COMMENT ON INDEX planets_pkey IS E'two\nlines';
