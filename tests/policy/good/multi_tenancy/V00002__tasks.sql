CREATE TABLE IF NOT EXISTS tasks (
    org_id bigint NOT NULL,
    project_id bigint NOT NULL,
    id bigint NOT NULL,
    title text NOT NULL,
    PRIMARY KEY (org_id, project_id, id),
    FOREIGN KEY (org_id, project_id) REFERENCES projects (org_id, id) ON DELETE CASCADE
);
