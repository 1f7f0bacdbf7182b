CREATE TABLE allocation_history (allocation_id bigint PRIMARY KEY);
INSERT INTO allocation_history VALUES (1);
