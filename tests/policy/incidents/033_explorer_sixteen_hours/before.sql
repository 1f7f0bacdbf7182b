CREATE TABLE blocks (rowid bigint PRIMARY KEY, height bigint NOT NULL);
CREATE TABLE tx_results (rowid bigint PRIMARY KEY, block_id bigint NOT NULL, block_height bigint DEFAULT 0);
