DROP FUNCTION IF EXISTS events_keep_size_wide();
