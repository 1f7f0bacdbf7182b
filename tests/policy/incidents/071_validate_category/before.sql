CREATE TABLE attachment (
    id bigint PRIMARY KEY, category text NOT NULL,
    CONSTRAINT attachment_category_check CHECK (category IN ('file', 'image'))
);
