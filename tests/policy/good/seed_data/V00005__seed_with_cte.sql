WITH wanted (code, name) AS (VALUES ('SEK', 'krona'), ('NOK', 'krone'))
INSERT INTO currencies (code, name)
SELECT code, name FROM wanted
ON CONFLICT DO NOTHING;
