CREATE TABLE conversations (id bigint PRIMARY KEY);
