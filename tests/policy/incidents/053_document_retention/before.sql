CREATE TABLE t_document (id uuid PRIMARY KEY, parent_id uuid);
