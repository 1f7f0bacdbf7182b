INSERT INTO measurements (sensor_id, at, value)
VALUES (1, '2026-01-05', 1.5), (1, '2026-03-05', 2.5)
ON CONFLICT (sensor_id, at) DO UPDATE SET value = excluded.value;
