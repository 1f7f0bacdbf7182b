CREATE TABLE o16 (a int);
-- then
CREATE INDEX o16_a ON o16 (a);
