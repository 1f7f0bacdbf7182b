UPDATE readings SET parsed = raw::numeric WHERE parsed IS NULL;
