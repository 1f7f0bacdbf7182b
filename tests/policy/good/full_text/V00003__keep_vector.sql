CREATE OR REPLACE TRIGGER pages_body_vector BEFORE INSERT OR UPDATE OF body ON pages
    FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(body_vector, 'pg_catalog.simple', body);
