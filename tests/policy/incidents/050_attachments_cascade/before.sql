CREATE TABLE test_cases (id bigint PRIMARY KEY);
