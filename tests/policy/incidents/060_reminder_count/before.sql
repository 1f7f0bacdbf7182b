CREATE TABLE guests (id integer PRIMARY KEY, email text);
INSERT INTO guests VALUES (1, 'g@example.org');
