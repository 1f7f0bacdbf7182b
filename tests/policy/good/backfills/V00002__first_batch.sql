-- What a script in batches has left over; on a big table it is nothing.
UPDATE readings SET parsed = raw::numeric WHERE parsed IS NULL AND id <= 100;
