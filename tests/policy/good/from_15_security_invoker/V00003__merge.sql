CREATE TABLE IF NOT EXISTS stock (sku text PRIMARY KEY, amount integer NOT NULL);
MERGE INTO stock USING (VALUES ('a', 1), ('b', 2)) AS wanted (sku, amount) ON stock.sku = wanted.sku
WHEN MATCHED THEN UPDATE SET amount = wanted.amount
WHEN NOT MATCHED THEN INSERT VALUES (wanted.sku, wanted.amount);
