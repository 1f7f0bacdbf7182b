DROP STATISTICS IF EXISTS addresses_city_zip;
