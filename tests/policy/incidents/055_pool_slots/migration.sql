ALTER TABLE task_instance ALTER COLUMN pool_slots SET DEFAULT 1;
ALTER TABLE task_instance ALTER COLUMN pool_slots SET NOT NULL;
