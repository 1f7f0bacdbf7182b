CREATE OR REPLACE FUNCTION clients_copy_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.full_name := coalesce(NEW.full_name, NEW.fullname);
    NEW.fullname := coalesce(NEW.fullname, NEW.full_name);
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER clients_copy_name BEFORE INSERT OR UPDATE ON clients
    FOR EACH ROW EXECUTE FUNCTION clients_copy_name();
