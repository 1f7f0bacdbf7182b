CREATE TABLE IF NOT EXISTS documents (
    id bigint NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    CONSTRAINT documents_pkey PRIMARY KEY (id)
);
CREATE TABLE IF NOT EXISTS notes (
    id bigint PRIMARY KEY,
    document_id bigint NOT NULL,
    document_revision integer NOT NULL DEFAULT 1,
    CONSTRAINT notes_document_fkey FOREIGN KEY (document_id) REFERENCES documents (id)
);
CREATE INDEX IF NOT EXISTS notes_document_idx ON notes (document_id, document_revision);
