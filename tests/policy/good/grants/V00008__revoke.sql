REVOKE UPDATE (body) ON reports FROM corpus_reader;
