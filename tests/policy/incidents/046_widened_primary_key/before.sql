CREATE TABLE users (id text NOT NULL, CONSTRAINT users_pkey PRIMARY KEY (id));
CREATE TABLE conversations (id text PRIMARY KEY, user_id text REFERENCES users (id));
CREATE INDEX conversations_user_id_idx ON conversations (user_id);
