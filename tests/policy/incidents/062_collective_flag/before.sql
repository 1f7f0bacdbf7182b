CREATE TABLE collectives (id bigint PRIMARY KEY, name text);
INSERT INTO collectives VALUES (1, 'c');
