-- Versions of components, each published once. They name their component, as manifests do.
--
-- The foreign key takes SHARE ROW EXCLUSIVE on `components` for as long as this file runs: nobody writes there
-- meanwhile, everybody reads. Its index is the unique key, whose first column is the same.
CREATE TABLE IF NOT EXISTS versions (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    component_name text        NOT NULL,
    number         text        NOT NULL,
    published_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT versions_pkey PRIMARY KEY (id),
    CONSTRAINT versions_component_name_number_key UNIQUE (component_name, number),
    CONSTRAINT versions_number_check CHECK (number ~ '^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}$'),
    CONSTRAINT versions_component_name_fkey FOREIGN KEY (component_name) REFERENCES components (name)
);
