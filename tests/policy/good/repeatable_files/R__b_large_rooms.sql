DROP VIEW IF EXISTS large_rooms;
CREATE VIEW large_rooms AS SELECT id, name, beds FROM rooms WHERE beds > 2;
COMMENT ON VIEW large_rooms IS 'rooms for a family';
GRANT SELECT ON large_rooms TO PUBLIC;
