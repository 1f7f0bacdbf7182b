CREATE TABLE submissions (
    id bigint PRIMARY KEY, quest_id bigint NOT NULL, user_id bigint NOT NULL, completed boolean NOT NULL DEFAULT false
);
