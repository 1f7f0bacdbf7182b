CREATE TABLE apikeys (id bigint PRIMARY KEY, key text NOT NULL);
CREATE TABLE apps (id bigint PRIMARY KEY, owner text NOT NULL);
ALTER TABLE apps ENABLE ROW LEVEL SECURITY;
CREATE POLICY apps_owner ON apps USING (owner = current_user);
