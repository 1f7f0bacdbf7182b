-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS letters_address_living_key
    ON letters (address) WHERE deleted_at IS NULL;
