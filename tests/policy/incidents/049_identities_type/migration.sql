CREATE TABLE IF NOT EXISTS identities (
    id bigint PRIMARY KEY,
    user_id integer,
    CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS identities_user_id_idx ON identities (user_id);
