CREATE TABLE roster_roles (id bigint PRIMARY KEY, code text NOT NULL, CONSTRAINT roster_roles_code_key UNIQUE (code));
