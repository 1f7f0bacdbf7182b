CREATE TABLE sourcefile (id bigint PRIMARY KEY, path text, absolutepath text);
INSERT INTO sourcefile VALUES (1, '/a', NULL);
