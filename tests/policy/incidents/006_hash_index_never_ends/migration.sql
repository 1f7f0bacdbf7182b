CREATE INDEX ON testoutput USING hash (path);
