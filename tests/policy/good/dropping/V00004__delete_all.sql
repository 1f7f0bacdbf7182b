-- dbtask:allow(drop-data): the same, by DELETE, since it may run while the table is read
DELETE FROM scratch;
