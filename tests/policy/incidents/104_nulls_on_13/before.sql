CREATE TABLE tabular (id uuid PRIMARY KEY, namespace_id uuid NOT NULL, name text NOT NULL, deleted_at timestamptz);
