CREATE TABLE o07 (id int, slug text); INSERT INTO o07 VALUES (1, 'a');
-- then
UPDATE o07 SET slug = slug || '-' || id;
