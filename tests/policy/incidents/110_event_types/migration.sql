ALTER TABLE location_events DROP CONSTRAINT IF EXISTS location_events_event_type_check;
ALTER TABLE location_events ADD CONSTRAINT location_events_event_type_check
    CHECK (event_type IN ('started', 'stopped', 'extended'));
