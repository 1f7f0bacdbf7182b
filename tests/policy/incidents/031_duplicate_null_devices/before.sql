CREATE TABLE source_points (id bigint PRIMARY KEY, user_id bigint NOT NULL, at timestamptz NOT NULL, device_id bigint);
INSERT INTO source_points VALUES (1, 2, '2026-05-06 21:33:31+00', NULL), (2, 2, '2026-05-06 21:33:31+00', NULL);
