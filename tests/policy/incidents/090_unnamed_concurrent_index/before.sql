CREATE TABLE app_user (id bigint PRIMARY KEY, email text NOT NULL);
