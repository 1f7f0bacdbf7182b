CREATE TABLE blobs (blob_id bigint PRIMARY KEY, digest bytea NOT NULL);
