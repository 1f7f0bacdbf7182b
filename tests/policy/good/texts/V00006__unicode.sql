CREATE TABLE IF NOT EXISTS städte (id bigint PRIMARY KEY, größe integer, "名前" text);
COMMENT ON TABLE städte IS 'Zürich, Москва, 東京';
