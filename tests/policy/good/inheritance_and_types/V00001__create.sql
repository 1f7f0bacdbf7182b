CREATE TABLE IF NOT EXISTS vehicles (id bigint PRIMARY KEY, wheels integer NOT NULL DEFAULT 4);
CREATE TABLE IF NOT EXISTS trucks (load numeric) INHERITS (vehicles);
