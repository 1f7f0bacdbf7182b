ALTER TABLE apikeys ADD COLUMN IF NOT EXISTS rbac_id uuid;
UPDATE apikeys SET rbac_id = gen_random_uuid() WHERE rbac_id IS NULL;
DROP POLICY IF EXISTS apps_owner ON apps;
CREATE POLICY apps_owner ON apps USING (owner = session_user);
