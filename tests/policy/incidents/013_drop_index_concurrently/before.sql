CREATE TABLE events (id bigint PRIMARY KEY, created_by text);
CREATE INDEX events_missing_author ON events (id) WHERE created_by IS NULL;
