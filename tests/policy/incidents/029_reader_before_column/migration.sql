ALTER TABLE chat_messages ADD COLUMN IF NOT EXISTS event_type text;
