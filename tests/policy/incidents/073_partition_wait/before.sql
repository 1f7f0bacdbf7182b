CREATE TABLE table1 (id bigint NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
