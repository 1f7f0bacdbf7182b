-- Dependencies: which version needs which other version.
--
-- The primary key serves the question "what does it need", the index the other way, "who needs it".
CREATE TABLE IF NOT EXISTS dependencies (
    version_id  bigint NOT NULL,
    requires_id bigint NOT NULL,
    CONSTRAINT dependencies_pkey PRIMARY KEY (version_id, requires_id),
    CONSTRAINT dependencies_not_on_itself_check CHECK (version_id <> requires_id),
    CONSTRAINT dependencies_version_id_fkey FOREIGN KEY (version_id) REFERENCES versions (id),
    CONSTRAINT dependencies_requires_id_fkey FOREIGN KEY (requires_id) REFERENCES versions (id)
);

CREATE INDEX IF NOT EXISTS dependencies_requires_id_idx ON dependencies (requires_id);
