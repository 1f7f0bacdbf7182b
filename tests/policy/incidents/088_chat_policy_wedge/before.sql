CREATE TABLE chat_messages (id bigint PRIMARY KEY, body text);
ALTER TABLE chat_messages ENABLE ROW LEVEL SECURITY;
