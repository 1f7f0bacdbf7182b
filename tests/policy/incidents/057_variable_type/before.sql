CREATE TABLE integration_extract_value (id bigint PRIMARY KEY, name text);
INSERT INTO integration_extract_value VALUES (1, 'a');
