-- dbtask:allow(drop-data): no column has this type
DROP TYPE IF EXISTS spare_type;
