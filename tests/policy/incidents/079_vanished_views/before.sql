CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE VIEW noted_orders AS SELECT id, note FROM orders WHERE note IS NOT NULL;
