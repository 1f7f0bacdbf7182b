CREATE TABLE IF NOT EXISTS contracts (
    id bigint PRIMARY KEY,
    region text NOT NULL,
    customer_id bigint NOT NULL,
    FOREIGN KEY (region, customer_id) REFERENCES customers (region, id)
);
CREATE INDEX IF NOT EXISTS contracts_customer_idx ON contracts (region, customer_id);
