-- A new name for a table: a view under it, until nobody uses the old one.
CREATE OR REPLACE VIEW customers AS SELECT * FROM clients;
