DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'corpus_changes') THEN
        CREATE PUBLICATION corpus_changes FOR TABLE replicated;
    END IF;
END
$$;
