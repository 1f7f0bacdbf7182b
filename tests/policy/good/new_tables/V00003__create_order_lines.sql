CREATE TABLE IF NOT EXISTS order_lines (
    order_id uuid NOT NULL,
    line integer NOT NULL,
    sku text NOT NULL,
    quantity integer NOT NULL DEFAULT 1,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CHECK (quantity > 0)
);
