CREATE TABLE files (file_id text PRIMARY KEY);
CREATE TABLE workspace_files (id bigint PRIMARY KEY, file_id text NOT NULL);
