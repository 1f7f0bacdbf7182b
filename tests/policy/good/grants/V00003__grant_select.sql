GRANT SELECT ON reports TO corpus_reader;
