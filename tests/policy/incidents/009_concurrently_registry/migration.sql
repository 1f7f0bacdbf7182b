CREATE INDEX CONCURRENTLY IF NOT EXISTS index_blobs_digest_blob_id ON blobs (digest, blob_id);
