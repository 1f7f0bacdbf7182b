CREATE POLICY "Admins can insert messages in any conversation" ON chat_messages FOR INSERT WITH CHECK (true);
