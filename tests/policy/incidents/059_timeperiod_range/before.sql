CREATE TABLE timeperiod_range (timeperiod_id integer NOT NULL, range_type text);
INSERT INTO timeperiod_range VALUES (1, 'include');
