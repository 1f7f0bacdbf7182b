CREATE TABLE customers (id text PRIMARY KEY);
CREATE TABLE invoices (id text PRIMARY KEY, customer_id text);
CREATE INDEX invoices_customer_id_idx ON invoices (customer_id);
