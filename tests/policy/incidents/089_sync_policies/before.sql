CREATE TABLE sync_records (id uuid PRIMARY KEY, user_id uuid NOT NULL);
ALTER TABLE sync_records ENABLE ROW LEVEL SECURITY;
