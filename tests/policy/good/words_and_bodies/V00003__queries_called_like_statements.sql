WITH update AS (
    UPDATE words SET level = 1 WHERE level IS NULL RETURNING name, level
), insert (name) AS (
    INSERT INTO words (name) VALUES ('first') ON CONFLICT DO NOTHING RETURNING name
)
SELECT name FROM insert UNION ALL SELECT name FROM update;
