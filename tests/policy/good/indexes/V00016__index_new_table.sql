-- A table of this file has no readers: the plain form is the right one.
CREATE TABLE IF NOT EXISTS comments (id bigint PRIMARY KEY, article_id bigint NOT NULL REFERENCES articles (id), body text);

CREATE INDEX IF NOT EXISTS comments_article_id_idx ON comments (article_id);
CREATE UNIQUE INDEX IF NOT EXISTS comments_article_id_id_key ON comments (article_id, id);
DROP INDEX IF EXISTS comments_article_id_id_key;
