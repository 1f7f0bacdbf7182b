CREATE TABLE deployments (id bigint PRIMARY KEY, service_id bigint NOT NULL);
