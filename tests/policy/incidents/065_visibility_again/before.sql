CREATE TABLE executions_visibility (
    namespace_id text NOT NULL, run_id text NOT NULL, search_attributes jsonb, PRIMARY KEY (namespace_id, run_id)
);
