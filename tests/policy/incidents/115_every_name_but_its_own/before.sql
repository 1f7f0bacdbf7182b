CREATE TABLE circles (id bigint PRIMARY KEY, member_limit integer, CONSTRAINT circles_limit CHECK (member_limit <= 50));
