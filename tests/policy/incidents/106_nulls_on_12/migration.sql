CREATE TABLE IF NOT EXISTS storage.objects (id uuid PRIMARY KEY, bucket_id text, version text);
CREATE UNIQUE INDEX IF NOT EXISTS objects_bucket_version ON storage.objects (bucket_id, version) NULLS NOT DISTINCT;
