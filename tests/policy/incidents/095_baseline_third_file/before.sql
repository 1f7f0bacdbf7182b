CREATE TABLE already_here (id bigint PRIMARY KEY);
