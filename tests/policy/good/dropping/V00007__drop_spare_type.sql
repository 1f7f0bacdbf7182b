-- dbtask:allow(drop-data): no column has it any more
DROP TYPE IF EXISTS spare_type;
