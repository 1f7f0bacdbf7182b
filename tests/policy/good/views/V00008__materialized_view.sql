CREATE MATERIALIZED VIEW IF NOT EXISTS book_totals AS
    SELECT count(*) AS books, coalesce(sum(price), 0) AS total, 1 AS one FROM books
WITH NO DATA;
CREATE UNIQUE INDEX IF NOT EXISTS book_totals_one_key ON book_totals (one);
