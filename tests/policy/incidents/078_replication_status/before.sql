CREATE TABLE calendar_event (pk bigint PRIMARY KEY, data jsonb NOT NULL);
