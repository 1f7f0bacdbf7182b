CREATE TABLE chat_messages (id bigint PRIMARY KEY, content text NOT NULL);
