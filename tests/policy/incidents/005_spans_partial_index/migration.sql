CREATE INDEX IF NOT EXISTS ix_spans_session_id ON spans ((attributes #>> '{session,id}'))
    WHERE attributes #>> '{session,id}' IS NOT NULL;
