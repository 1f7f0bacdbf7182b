CREATE OR REPLACE FUNCTION append_event(stream uuid, expected bigint, kind text, data jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
BEGIN
    UPDATE streams SET version = version + 1
    WHERE id = stream AND version = expected
    RETURNING version INTO reached;
    IF reached IS NULL THEN
        RAISE EXCEPTION 'stream % is not at version %', stream, expected USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO stream_events VALUES (stream, reached, kind, data) RETURNING stream_events.version INTO STRICT reached;
    RETURN reached;
END
$$;
