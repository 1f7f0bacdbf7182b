CREATE TABLE activity (
    id bigint PRIMARY KEY, workspace_id bigint NOT NULL, email text, bulk boolean NOT NULL DEFAULT false,
    archived_at timestamptz
);
