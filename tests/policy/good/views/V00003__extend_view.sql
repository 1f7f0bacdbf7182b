-- Columns at the end may be added in place.
CREATE OR REPLACE VIEW cheap_books AS SELECT id, title, price FROM books WHERE price < 10;
