CREATE TABLE audit_log (id bigint PRIMARY KEY, actor text NOT NULL);
