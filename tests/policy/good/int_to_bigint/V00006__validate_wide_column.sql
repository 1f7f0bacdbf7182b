ALTER TABLE events VALIDATE CONSTRAINT events_size_wide_not_null;
