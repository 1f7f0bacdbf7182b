CREATE TABLE queue_tasks (task_id text PRIMARY KEY, etag uuid);
CREATE TABLE queue_artifacts (task_id text NOT NULL, name text NOT NULL, etag uuid, PRIMARY KEY (task_id, name));
