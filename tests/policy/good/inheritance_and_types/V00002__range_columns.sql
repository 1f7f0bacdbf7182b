CREATE TABLE IF NOT EXISTS shifts (
    id bigint PRIMARY KEY, during tsrange NOT NULL, days int4multirange, place point, address inet, mac macaddr8, bits bit(8)
);
