CREATE TABLE model_history_hourly (id bigint PRIMARY KEY, input_tokens integer NOT NULL DEFAULT 0);
