CREATE TABLE IF NOT EXISTS "Order" ("Id" bigint PRIMARY KEY, "from" text, "select; --" text);
CREATE INDEX IF NOT EXISTS "Order_from_idx" ON "Order" ("from");
