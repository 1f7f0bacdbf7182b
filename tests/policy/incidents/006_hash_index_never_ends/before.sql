CREATE TABLE testoutput (id bigint PRIMARY KEY, path text NOT NULL);
