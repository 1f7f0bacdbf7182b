ANALYZE articles (author_id, published_at);
