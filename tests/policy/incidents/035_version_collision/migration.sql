ALTER TABLE purchase_executions ADD COLUMN IF NOT EXISTS retry_execution_id bigint;
