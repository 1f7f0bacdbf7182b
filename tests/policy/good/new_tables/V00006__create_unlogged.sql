-- What a restart may lose.
CREATE UNLOGGED TABLE IF NOT EXISTS sessions (
    token bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX IF NOT EXISTS sessions_user_id_idx ON sessions (user_id);
