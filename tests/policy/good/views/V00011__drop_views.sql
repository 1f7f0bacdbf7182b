DROP VIEW IF EXISTS safe_books;
DROP VIEW IF EXISTS free_books, powers;
