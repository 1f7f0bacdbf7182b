CREATE TABLE IF NOT EXISTS reports_uploadleveltotals (
    id bigint PRIMARY KEY,
    upload_id integer NOT NULL REFERENCES reports_upload (id)
);
CREATE INDEX IF NOT EXISTS reports_uploadleveltotals_upload_id_idx ON reports_uploadleveltotals (upload_id);
