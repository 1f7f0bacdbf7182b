CREATE OR REPLACE FUNCTION events_keep_size_wide() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.size_wide := NEW.size;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER events_keep_size_wide
    BEFORE INSERT OR UPDATE OF size ON events
    FOR EACH ROW EXECUTE FUNCTION events_keep_size_wide();
