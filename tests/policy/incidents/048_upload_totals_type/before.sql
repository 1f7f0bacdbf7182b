CREATE TABLE reports_upload (id bigint PRIMARY KEY);
