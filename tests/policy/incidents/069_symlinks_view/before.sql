CREATE TABLE datasets (uuid uuid PRIMARY KEY, name varchar(255) NOT NULL);
CREATE VIEW datasets_view AS SELECT uuid, name FROM datasets;
