-- Components: what is published. A name is taken once in the whole registry (V00011 makes that once a publisher).
--
-- PostgreSQL does not index the referring side of a foreign key: without the index, deleting a publisher would
-- read all components. On a table of the same file it locks nobody out.
CREATE TABLE IF NOT EXISTS components (
    id           bigint      GENERATED ALWAYS AS IDENTITY,
    publisher_id bigint      NOT NULL,
    name         text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT components_pkey PRIMARY KEY (id),
    CONSTRAINT components_name_key UNIQUE (name),
    CONSTRAINT components_name_check CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    CONSTRAINT components_publisher_id_fkey FOREIGN KEY (publisher_id) REFERENCES publishers (id)
);

CREATE INDEX IF NOT EXISTS components_publisher_id_idx ON components (publisher_id);
