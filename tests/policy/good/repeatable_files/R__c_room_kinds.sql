INSERT INTO room_kinds (code, label) VALUES ('s', 'Single'), ('d', 'Double')
ON CONFLICT (code) DO UPDATE SET label = EXCLUDED.label;
DELETE FROM room_kinds WHERE code NOT IN ('s', 'd');
