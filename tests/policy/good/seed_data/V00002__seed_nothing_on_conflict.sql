INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro'), ('CHF', 'Franken')
ON CONFLICT (code) DO NOTHING;
