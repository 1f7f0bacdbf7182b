CREATE TABLE tickets (id bigint PRIMARY KEY, event_id bigint NOT NULL);
