CREATE TABLE contacts (id bigint PRIMARY KEY, account_id bigint NOT NULL);
ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
