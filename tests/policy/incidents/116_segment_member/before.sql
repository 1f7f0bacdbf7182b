CREATE TABLE segment (id text PRIMARY KEY);
CREATE TABLE segment_member (id text PRIMARY KEY, segment_id text NOT NULL);
CREATE INDEX segment_member_segment_id_idx ON segment_member (segment_id);
