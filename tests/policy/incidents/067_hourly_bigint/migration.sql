ALTER TABLE model_history_hourly ALTER COLUMN input_tokens TYPE bigint;
