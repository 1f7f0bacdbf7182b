-- varchar(10) to varchar(20): a change of the catalog.
ALTER TABLE things ALTER COLUMN code TYPE varchar(20);
