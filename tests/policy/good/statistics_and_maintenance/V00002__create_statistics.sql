CREATE STATISTICS IF NOT EXISTS addresses_city_zip (dependencies) ON city, zip FROM addresses;
