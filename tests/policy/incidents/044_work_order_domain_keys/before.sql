CREATE TABLE users (id integer PRIMARY KEY, domain_id integer NOT NULL);
CREATE TABLE work_order (id integer PRIMARY KEY, domain_id integer NOT NULL);
