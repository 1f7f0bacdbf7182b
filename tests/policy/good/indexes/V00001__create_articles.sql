CREATE TABLE IF NOT EXISTS articles (
    id bigint PRIMARY KEY,
    author_id bigint NOT NULL DEFAULT 0,
    title text NOT NULL DEFAULT '',
    body text NOT NULL DEFAULT '',
    labels jsonb NOT NULL DEFAULT '{}',
    published_at timestamptz
);
