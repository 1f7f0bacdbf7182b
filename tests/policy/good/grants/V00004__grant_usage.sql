GRANT USAGE ON SCHEMA app TO corpus_reader;
