CREATE TABLE IF NOT EXISTS attachments (
    id bigint PRIMARY KEY,
    test_case_id bigint REFERENCES test_cases (id) ON DELETE CASCADE
);
