CREATE TABLE IF NOT EXISTS things (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    code varchar(10),
    price numeric(10, 2)
);

INSERT INTO things (id, name, code, price)
SELECT n, 'thing ' || n, n::text, n FROM generate_series(1, 100) AS n
ON CONFLICT (id) DO NOTHING;
