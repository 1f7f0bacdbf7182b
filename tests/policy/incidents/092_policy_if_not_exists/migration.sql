DROP POLICY IF EXISTS backend_access ON objects;
CREATE POLICY IF NOT EXISTS backend_access ON objects FOR ALL USING (bucket = 'chat');
