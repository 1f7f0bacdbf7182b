/* a block /* nested */ comment; */
CREATE TABLE IF NOT EXISTS commented ( -- the table
    id bigint /* the key */ PRIMARY KEY,
    -- a line of its own; with a semicolon
    note text
);
