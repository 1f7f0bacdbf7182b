CREATE TABLE sessions (id uuid PRIMARY KEY, user_id bigint, seen_at timestamptz);
CREATE INDEX index_sessions_on_user_id ON sessions (user_id);
CREATE INDEX index_sessions_on_user_id_and_seen_at ON sessions (user_id, seen_at);
