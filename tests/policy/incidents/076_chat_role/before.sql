CREATE TABLE chat_messages (id bigint PRIMARY KEY, role text, content text);
