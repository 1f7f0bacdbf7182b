-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY ON app_user (email);
