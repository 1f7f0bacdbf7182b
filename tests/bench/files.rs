//! Migrations as teams write them: about a kilobyte each, with comments, seed data, routines, changes in several files.

use std::fmt::Write as _;

/// The text of file `i` (from 1) of a history; it passes the policy, and hangs on the files before it.
pub fn text(i: usize) -> String {
    // ten files are about two tables of their own
    let n = i.div_ceil(10);
    match i % 10 {
        1 => customers(n),
        2 => orders(n),
        3 => seed(n),
        4 => columns(n),
        5 => routine(n),
        6 => backfill(n),
        7 => view(n),
        8 => not_valid(n),
        9 => index(n),
        _ => access(n),
    }
}

fn customers(n: usize) -> String {
    format!(
        "-- Customers of region {n}: one row for each account that can be billed.\n\
         -- The e-mail address is what people sign in with; it is unique in lower case.\n\
         CREATE TABLE IF NOT EXISTS customers_{n} (\n    \
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    \
             email text NOT NULL,\n    \
             display_name text NOT NULL DEFAULT '',\n    \
             country_code char(2) NOT NULL,\n    \
             credit_limit numeric(12, 2) NOT NULL DEFAULT 0 CHECK (credit_limit >= 0),\n    \
             preferences jsonb NOT NULL DEFAULT '{{}}',\n    \
             created_at timestamptz NOT NULL DEFAULT now(),\n    \
             deleted_at timestamptz,\n    \
             CONSTRAINT customers_{n}_email_has_at CHECK (position('@' IN email) > 1)\n);\n\n\
         CREATE UNIQUE INDEX IF NOT EXISTS customers_{n}_email_key ON customers_{n} (lower(email));\n\
         CREATE INDEX IF NOT EXISTS customers_{n}_country_idx ON customers_{n} (country_code) WHERE deleted_at IS NULL;\n\n\
         COMMENT ON TABLE customers_{n} IS 'One row for each account that can be billed';\n\
         COMMENT ON COLUMN customers_{n}.credit_limit IS 'In euros; no order is taken beyond it';\n"
    )
}

fn orders(n: usize) -> String {
    format!(
        "/* Orders and their lines. An order is never deleted: it is cancelled,\n   and the row stays for the books. */\n\
         CREATE TABLE IF NOT EXISTS orders_{n} (\n    \
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    \
             customer_id bigint NOT NULL REFERENCES customers_{n} (id),\n    \
             state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'shipped', 'cancelled')),\n    \
             total numeric(12, 2) NOT NULL DEFAULT 0,\n    \
             placed_at timestamptz NOT NULL DEFAULT now()\n);\n\n\
         CREATE INDEX IF NOT EXISTS orders_{n}_customer_id_idx ON orders_{n} (customer_id);\n\n\
         CREATE TABLE IF NOT EXISTS order_lines_{n} (\n    \
             order_id bigint NOT NULL REFERENCES orders_{n} (id) ON DELETE CASCADE,\n    \
             line_number integer NOT NULL,\n    \
             sku text NOT NULL,\n    \
             quantity integer NOT NULL CHECK (quantity > 0),\n    \
             unit_price numeric(12, 2) NOT NULL,\n    \
             PRIMARY KEY (order_id, line_number)\n);\n\n\
         COMMENT ON TABLE order_lines_{n} IS 'What was ordered, at the price of that day';\n"
    )
}

fn seed(n: usize) -> String {
    let mut sql = format!(
        "-- The accounts that every installation has.\n\
         INSERT INTO customers_{n} (email, display_name, country_code, credit_limit) VALUES\n"
    );
    for k in 0..9 {
        let end = if k == 8 { "" } else { "," };
        let _ = writeln!(
            sql,
            "    ('customer{k}.of{n}@example.com', 'Customer number {k}, it''s one of {n}', 'DE', {}.50){end}",
            k * 125
        );
    }
    sql.push_str("ON CONFLICT DO NOTHING;\n\n");
    let _ = write!(
        sql,
        "-- an order for the first one, so that the start page is not empty\n\
         INSERT INTO orders_{n} (customer_id, state, total)\n\
         SELECT id, 'open', 12.50 FROM customers_{n} AS c\n\
         WHERE email = 'customer0.of{n}@example.com'\n  \
         AND NOT EXISTS (SELECT 1 FROM orders_{n} AS o WHERE o.customer_id = c.id);\n"
    );
    sql
}

fn columns(n: usize) -> String {
    let mut sql = format!(
        "-- Invoicing needs an address of its own; it is filled in by the application,\n\
         -- and nothing reads it before release 2026.{n}.\n\
         ALTER TABLE customers_{n}\n"
    );
    let columns = [
        "street text",
        "house_number text",
        "postal_code text",
        "city text",
        "vat_number text",
        "invoice_email text",
    ];
    for (k, column) in columns.iter().enumerate() {
        let end = if k + 1 == columns.len() { ";" } else { "," };
        let _ = writeln!(sql, "    ADD COLUMN IF NOT EXISTS invoice_{column}{end}");
    }
    for column in columns {
        let name = column.split(' ').next().unwrap_or_default();
        let _ = writeln!(
            sql,
            "COMMENT ON COLUMN customers_{n}.invoice_{name} IS 'As it stands on the invoice; empty where it is the delivery address';"
        );
    }
    sql
}

fn routine(n: usize) -> String {
    format!(
        "-- The total of an order is kept with it: reports over all orders would add up too many lines.\n\
         CREATE OR REPLACE FUNCTION refresh_total_{n}() RETURNS trigger LANGUAGE plpgsql AS $$\n\
         DECLARE\n    changed bigint;\nBEGIN\n    \
             IF TG_OP = 'DELETE' THEN\n        changed := OLD.order_id;\n    ELSE\n        changed := NEW.order_id;\n    END IF;\n    \
             UPDATE orders_{n} SET total = (\n        \
                 SELECT coalesce(sum(quantity * unit_price), 0) FROM order_lines_{n} WHERE order_id = changed\n    \
             ) WHERE id = changed;\n    RETURN NULL;\nEND\n$$;\n\n\
         CREATE OR REPLACE TRIGGER order_lines_{n}_total AFTER INSERT OR UPDATE OR DELETE ON order_lines_{n}\n    \
             FOR EACH ROW EXECUTE FUNCTION refresh_total_{n}();\n\n\
         CREATE OR REPLACE FUNCTION open_orders_{n}(customer bigint) RETURNS bigint LANGUAGE sql STABLE AS $$\n    \
             SELECT count(*) FROM orders_{n} WHERE customer_id = customer AND state = 'open'\n$$;\n\n\
         COMMENT ON FUNCTION open_orders_{n}(bigint) IS 'How many orders of a customer wait for payment';\n"
    )
}

fn backfill(n: usize) -> String {
    format!(
        "-- Old rows get the address that the delivery has. Rows that were filled in since are left alone,\n\
         -- so that the file can run again.\n\
         UPDATE customers_{n}\n\
         SET invoice_email = email,\n    invoice_city = CASE country_code WHEN 'DE' THEN 'Berlin' WHEN 'FR' THEN 'Paris' ELSE '' END\n\
         WHERE invoice_email IS NULL AND deleted_at IS NULL;\n\n\
         UPDATE orders_{n} AS o\n\
         SET state = 'cancelled'\n\
         FROM customers_{n} AS c\n\
         WHERE c.id = o.customer_id AND c.deleted_at IS NOT NULL AND o.state = 'open';\n\n\
         -- lines without an order are left over from the import of 2019\n\
         DELETE FROM order_lines_{n} AS l\n\
         WHERE NOT EXISTS (SELECT 1 FROM orders_{n} AS o WHERE o.id = l.order_id);\n\n\
         DO $$\nBEGIN\n    IF EXISTS (SELECT 1 FROM customers_{n} WHERE email = '') THEN\n        \
             RAISE NOTICE 'there are customers without an address: %', (SELECT count(*) FROM customers_{n} WHERE email = '');\n    \
             END IF;\nEND\n$$;\n"
    )
}

fn view(n: usize) -> String {
    format!(
        "-- What the dashboard of the sales team shows.\n\
         CREATE OR REPLACE VIEW sales_{n} AS\n\
         WITH paid AS (\n    SELECT o.customer_id, date_trunc('month', o.placed_at) AS month, o.total\n    \
             FROM orders_{n} AS o\n    WHERE o.state IN ('paid', 'shipped')\n)\n\
         SELECT\n    c.id AS customer_id,\n    c.display_name,\n    p.month,\n    count(*) AS orders,\n    \
             sum(p.total) AS revenue,\n    rank() OVER (PARTITION BY p.month ORDER BY sum(p.total) DESC) AS place\n\
         FROM customers_{n} AS c\n\
         JOIN paid AS p ON p.customer_id = c.id\n\
         LEFT JOIN order_lines_{n} AS l ON l.order_id = p.customer_id AND l.quantity > 100\n\
         WHERE c.deleted_at IS NULL AND c.email NOT LIKE '%@example.com'\n\
         GROUP BY c.id, c.display_name, p.month\n\
         HAVING sum(p.total) > 0\n\
         ORDER BY p.month DESC, revenue DESC;\n\n\
         COMMENT ON VIEW sales_{n} IS 'Revenue by customer and month; cancelled orders do not count';\n"
    )
}

fn not_valid(n: usize) -> String {
    format!(
        "-- Step one of two: new rows are checked from here on, the old ones in the file after the next.\n\
         -- Nobody waits: the lock is held for the change of the catalog alone.\n\
         ALTER TABLE orders_{n} ADD COLUMN IF NOT EXISTS shipped_by bigint;\n\n\
         ALTER TABLE customers_{n} DROP CONSTRAINT IF EXISTS customers_{n}_vat_number_form;\n\
         ALTER TABLE customers_{n} ADD CONSTRAINT customers_{n}_vat_number_form\n    \
             CHECK (invoice_vat_number IS NULL OR invoice_vat_number ~ '^[A-Z]{{2}}[0-9A-Z]{{2,12}}$') NOT VALID;\n\n\
         COMMENT ON CONSTRAINT customers_{n}_vat_number_form ON customers_{n} IS 'Two letters, then up to twelve letters and digits';\n"
    )
}

fn index(n: usize) -> String {
    format!(
        "-- dbtask:no-transaction\n\
         -- The list of open orders is sorted by their time. The index is built while others write,\n\
         -- which cannot be done inside of a transaction: each statement stands for itself, and an index that\n\
         -- was left invalid by an interrupted run is dropped before it is built again.\n\
         DROP INDEX CONCURRENTLY IF EXISTS orders_{n}_placed_at_idx;\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_{n}_placed_at_idx ON orders_{n} (placed_at DESC, id)\n    \
             WHERE state = 'open';\n\n\
         -- and the foreign key of the next file is looked up from the other side when a customer goes\n\
         DROP INDEX CONCURRENTLY IF EXISTS orders_{n}_shipped_by_idx;\n\
         CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_{n}_shipped_by_idx ON orders_{n} (shipped_by);\n"
    )
}

fn access(n: usize) -> String {
    format!(
        "-- The checks of the file before the last are proven for all rows; readers and writers go on meanwhile.\n\
         ALTER TABLE customers_{n} VALIDATE CONSTRAINT customers_{n}_vat_number_form;\n\n\
         ALTER TABLE orders_{n} DROP CONSTRAINT IF EXISTS orders_{n}_shipped_by_fkey;\n\
         ALTER TABLE orders_{n} ADD CONSTRAINT orders_{n}_shipped_by_fkey\n    \
             FOREIGN KEY (shipped_by) REFERENCES customers_{n} (id) NOT VALID;\n\n\
         -- Each customer sees the own rows alone.\n\
         ALTER TABLE customers_{n} ENABLE ROW LEVEL SECURITY;\n\
         DROP POLICY IF EXISTS own_rows ON customers_{n};\n\
         CREATE POLICY own_rows ON customers_{n}\n    \
             USING (id = nullif(current_setting('registry.customer', true), '')::bigint);\n\n\
         GRANT SELECT ON sales_{n} TO PUBLIC;\n\
         GRANT SELECT, INSERT ON orders_{n}, order_lines_{n} TO PUBLIC;\n\
         REVOKE ALL ON FUNCTION open_orders_{n}(bigint) FROM PUBLIC;\n\n\
         DO $$\nBEGIN\n    \
             IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'shipment_{n}') THEN\n        \
                 CREATE TYPE shipment_{n} AS ENUM ('post', 'courier', 'pick_up');\n    END IF;\nEND\n$$;\n"
    )
}
