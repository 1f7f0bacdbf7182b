CREATE TABLE o04 (name text, email text);
-- then
INSERT INTO o04 (name, email) SELECT 'Ada', 'ada@example.com' WHERE NOT EXISTS (SELECT FROM o04 WHERE email = 'ADA@example.com');
