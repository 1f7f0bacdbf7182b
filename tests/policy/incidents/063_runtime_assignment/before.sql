CREATE TABLE participants (id bigint PRIMARY KEY);
