-- dbtask:allow(drop-data): no release has written labels yet
DROP TABLE IF EXISTS app_labels;
CREATE TABLE IF NOT EXISTS app_labels (
    id bigint PRIMARY KEY, app_guid text REFERENCES apps (guid), key text NOT NULL
);
CREATE INDEX IF NOT EXISTS app_labels_app_guid_idx ON app_labels (app_guid);
-- dbtask:allow(drop-data): no release has written labels yet
DROP TABLE IF EXISTS space_labels;
CREATE TABLE IF NOT EXISTS space_labels (
    id bigint PRIMARY KEY, space_guid text REFERENCES spaces (guid), key text NOT NULL
);
CREATE INDEX IF NOT EXISTS space_labels_space_guid_idx ON space_labels (space_guid);
