CREATE TABLE IF NOT EXISTS customers (
    region text NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (region, id)
) PARTITION BY LIST (region);

CREATE TABLE IF NOT EXISTS customers_eu PARTITION OF customers FOR VALUES IN ('de', 'fr');
CREATE TABLE IF NOT EXISTS customers_other PARTITION OF customers DEFAULT;
