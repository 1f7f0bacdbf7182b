CREATE OR REPLACE VIEW safe_books WITH (security_barrier) AS SELECT id, title FROM books WHERE id > 0;
