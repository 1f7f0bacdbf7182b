CREATE TABLE IF NOT EXISTS tabular_names (
    namespace_id uuid NOT NULL, name text NOT NULL, deleted_at timestamptz,
    CONSTRAINT unique_name_per_namespace UNIQUE NULLS NOT DISTINCT (namespace_id, name, deleted_at)
);
