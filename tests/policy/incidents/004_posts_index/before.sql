CREATE TABLE posts (id text PRIMARY KEY, originalid text, message text);
