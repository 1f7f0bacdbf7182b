CREATE TABLE IF NOT EXISTS pub_fields (id uuid PRIMARY KEY, slug text NOT NULL, community_id uuid);
CREATE UNIQUE INDEX IF NOT EXISTS pub_fields_slug_key ON pub_fields (slug, community_id) NULLS NOT DISTINCT;
