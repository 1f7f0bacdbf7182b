CREATE TABLE task_nodes (id bigint PRIMARY KEY);
