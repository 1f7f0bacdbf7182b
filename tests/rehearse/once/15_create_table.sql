-- then
CREATE TABLE o15 (id int);
