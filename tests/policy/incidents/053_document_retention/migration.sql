CREATE TABLE IF NOT EXISTS t_attachment (
    id uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES t_document (id) ON DELETE CASCADE
);
