UPDATE currencies SET name = 'Swiss franc' WHERE code = 'CHF';
