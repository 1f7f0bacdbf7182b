CREATE TABLE feature_states (id bigint PRIMARY KEY, feature_id bigint NOT NULL, version integer NOT NULL);
