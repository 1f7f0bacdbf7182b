GRANT UPDATE (body) ON reports TO corpus_reader;
