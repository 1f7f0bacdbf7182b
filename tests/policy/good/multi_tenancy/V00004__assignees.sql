CREATE TABLE IF NOT EXISTS assignees (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES orgs (id)
);
CREATE INDEX IF NOT EXISTS assignees_org_id_idx ON assignees (org_id);
