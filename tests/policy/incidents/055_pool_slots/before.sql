CREATE TABLE task_instance (task_id text PRIMARY KEY, pool_slots integer);
INSERT INTO task_instance VALUES ('a', NULL);
