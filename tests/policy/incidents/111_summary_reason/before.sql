CREATE TABLE reports (id bigint PRIMARY KEY, ai_summary text);
INSERT INTO reports VALUES (1, 'whole'), (2, NULL);
