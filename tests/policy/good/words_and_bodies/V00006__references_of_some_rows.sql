CREATE TABLE IF NOT EXISTS translations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    word text REFERENCES words (name)
);
CREATE INDEX IF NOT EXISTS translations_word_idx ON translations (word) WHERE word IS NOT NULL;
