INSERT INTO currencies (code, name)
SELECT 'USD', 'US dollar'
WHERE NOT EXISTS (SELECT FROM currencies WHERE code = 'USD');
