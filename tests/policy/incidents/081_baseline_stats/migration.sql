ALTER TABLE task_nodes ADD COLUMN baseline_stats jsonb;
