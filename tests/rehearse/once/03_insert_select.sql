CREATE TABLE o03_from (id int); CREATE TABLE o03_to (id int); INSERT INTO o03_from VALUES (1), (2);
-- then
INSERT INTO o03_to SELECT id FROM o03_from;
