CREATE TABLE purchase_executions (id bigint PRIMARY KEY);
