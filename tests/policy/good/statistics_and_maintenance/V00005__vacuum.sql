-- dbtask:no-transaction
VACUUM addresses;
