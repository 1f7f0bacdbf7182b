CREATE TABLE design (id bigint PRIMARY KEY);
