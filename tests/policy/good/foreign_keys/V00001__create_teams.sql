CREATE TABLE IF NOT EXISTS teams (id bigint PRIMARY KEY);
CREATE TABLE IF NOT EXISTS members (id bigint PRIMARY KEY, team_id bigint, mentor_id bigint);
