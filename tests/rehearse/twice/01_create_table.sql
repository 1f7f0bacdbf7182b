-- then
CREATE TABLE IF NOT EXISTS t01 (id int PRIMARY KEY, name text);
