CREATE POLICY "Users read own sync records" ON sync_records FOR SELECT USING (user_id IS NOT NULL);
