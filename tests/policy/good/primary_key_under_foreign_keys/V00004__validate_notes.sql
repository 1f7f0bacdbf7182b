ALTER TABLE notes VALIDATE CONSTRAINT notes_document_revision_fkey;
