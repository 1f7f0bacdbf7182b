CREATE TABLE board_climbs (uuid text PRIMARY KEY, name text);
CREATE TABLE board_climb_stats (climb_uuid text PRIMARY KEY, ascents integer NOT NULL DEFAULT 0);
