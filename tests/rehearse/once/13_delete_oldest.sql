CREATE TABLE o13 (id int); INSERT INTO o13 SELECT generate_series(1, 9);
-- then
DELETE FROM o13 WHERE id = (SELECT min(id) FROM o13);
