CREATE TABLE IF NOT EXISTS jobs (
    id bigint PRIMARY KEY,
    created_by bigint REFERENCES users (id) ON DELETE SET NULL,
    updated_by bigint REFERENCES users (id) ON DELETE SET NULL
);
