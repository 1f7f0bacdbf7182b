CREATE OR REPLACE FUNCTION append_event(stream uuid, expected bigint, kind text, data jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE streams SET version = version + 1 WHERE id = stream AND version = expected;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stream % is not at version %', stream, expected USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO stream_events VALUES (stream, expected + 1, kind, data);
    RETURN expected + 1;
END
$$;
