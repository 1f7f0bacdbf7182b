ALTER TABLE executions_visibility ADD COLUMN IF NOT EXISTS external_payload_size bigint
    GENERATED ALWAYS AS ((search_attributes ->> 'Size')::bigint) STORED;
ALTER TABLE executions_visibility ADD COLUMN IF NOT EXISTS external_payload_count bigint
    GENERATED ALWAYS AS ((search_attributes ->> 'Count')::bigint) STORED;
