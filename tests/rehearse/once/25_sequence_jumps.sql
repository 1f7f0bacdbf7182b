CREATE SEQUENCE o25;
-- then
SELECT setval('o25', nextval('o25') + 1000);
