CREATE TABLE IF NOT EXISTS item_history (item_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), old jsonb);
CREATE INDEX IF NOT EXISTS item_history_item_id_idx ON item_history (item_id, at);

CREATE OR REPLACE FUNCTION keep_item_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO item_history (item_id, old) VALUES (OLD.id, to_jsonb(OLD));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER items_history AFTER UPDATE OR DELETE ON items
    FOR EACH ROW EXECUTE FUNCTION keep_item_history();
