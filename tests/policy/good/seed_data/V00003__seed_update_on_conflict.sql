INSERT INTO currencies (code, name, digits) VALUES ('JPY', 'Yen', 0), ('EUR', 'euro', 2)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, digits = excluded.digits;
