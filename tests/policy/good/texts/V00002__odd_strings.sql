CREATE TABLE IF NOT EXISTS snippets (id bigint PRIMARY KEY, body text NOT NULL);
INSERT INTO snippets VALUES
    (1, 'it''s; -- not a comment'),
    (2, E'tab\tand \'quote\''),
    (3, $$dollar ; quoted$$),
    (4, $tag$ $$ inside $$ ; $tag$),
    (5, U&'d\0061t\+000061')
ON CONFLICT (id) DO NOTHING;
