CREATE TABLE pending_records (id bigint PRIMARY KEY, email_id uuid NOT NULL);
INSERT INTO pending_records VALUES
    (1, '82d5d2e7-088b-42c8-9269-42c78a73bd97'),
    (2, '82d5d2e7-088b-42c8-9269-42c78a73bd97');
