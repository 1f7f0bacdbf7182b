CREATE TABLE IF NOT EXISTS words (
    name text PRIMARY KEY, type text, value text, "order" int, date date, year int, level int, comment text, data jsonb,
    key text, role text, action text, version int, status text, exclude boolean, position int, "Quoted" text
);
