CREATE TABLE IF NOT EXISTS orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE IF NOT EXISTS projects (
    org_id bigint NOT NULL REFERENCES orgs (id),
    id bigint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (org_id, id)
);
