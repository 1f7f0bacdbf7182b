CREATE TABLE o17 (a int);
-- then
-- each time one more, o17_a_idx1 and so on
CREATE INDEX ON o17 (a);
