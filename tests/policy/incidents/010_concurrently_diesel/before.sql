CREATE TABLE receipts (receipt_id text PRIMARY KEY, predecessor text NOT NULL, block_timestamp numeric NOT NULL);
