CREATE TABLE signatures (id bigint PRIMARY KEY, petition_id bigint NOT NULL, email text NOT NULL);
