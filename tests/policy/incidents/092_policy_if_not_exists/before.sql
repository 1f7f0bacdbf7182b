CREATE TABLE objects (id bigint PRIMARY KEY, bucket text);
ALTER TABLE objects ENABLE ROW LEVEL SECURITY;
