CREATE TABLE apps (guid text PRIMARY KEY);
CREATE TABLE spaces (guid text PRIMARY KEY);
CREATE TABLE app_labels (id bigint PRIMARY KEY, app_guid text REFERENCES apps (guid));
CREATE TABLE space_labels (id bigint PRIMARY KEY, space_guid text REFERENCES spaces (guid));
