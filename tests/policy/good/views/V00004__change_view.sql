-- Anything else is dropped and created again.
DROP VIEW IF EXISTS cheap_books;
CREATE VIEW cheap_books AS SELECT title, price FROM books WHERE price < 20;
