-- The foreign key goes first; PostgreSQL refuses the rest otherwise.
ALTER TABLE notes DROP CONSTRAINT IF EXISTS notes_document_fkey;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'documents'::regclass AND conname = 'documents_id_revision_key'
    ) THEN
        ALTER TABLE documents DROP CONSTRAINT IF EXISTS documents_pkey;
        ALTER TABLE documents ADD CONSTRAINT documents_id_revision_key PRIMARY KEY USING INDEX documents_id_revision_key;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'notes'::regclass AND conname = 'notes_document_revision_fkey'
    ) THEN
        ALTER TABLE notes
            ADD CONSTRAINT notes_document_revision_fkey
            FOREIGN KEY (document_id, document_revision) REFERENCES documents (id, revision) NOT VALID;
    END IF;
END
$$;
