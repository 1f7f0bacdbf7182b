CREATE TABLE releases (id bigint PRIMARY KEY, package_id bigint NOT NULL);
