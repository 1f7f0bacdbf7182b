DROP TRIGGER IF EXISTS events_keep_size_wide ON events;
