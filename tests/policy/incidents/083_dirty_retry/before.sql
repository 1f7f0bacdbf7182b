CREATE TABLE schematics (id text PRIMARY KEY, author text);
