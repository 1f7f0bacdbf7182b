CREATE TABLE IF NOT EXISTS secrets (id bigint PRIMARY KEY, owner name NOT NULL DEFAULT current_user, value bytea);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS secrets_owner ON secrets;
CREATE POLICY secrets_owner ON secrets USING (owner = current_user) WITH CHECK (owner = current_user);
