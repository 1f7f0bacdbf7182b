CREATE TABLE location_events (
    id bigint PRIMARY KEY, event_type text NOT NULL,
    CONSTRAINT location_events_event_type_check CHECK (event_type IN ('started', 'stopped', 'shortened'))
);
INSERT INTO location_events VALUES (1, 'started'), (2, 'shortened');
