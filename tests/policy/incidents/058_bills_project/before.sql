CREATE TABLE bills (id bigint PRIMARY KEY, projectid text);
INSERT INTO bills VALUES (1, 'p');
