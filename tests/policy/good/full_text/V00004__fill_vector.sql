UPDATE pages SET body_vector = to_tsvector('simple', body) WHERE body_vector IS NULL;
