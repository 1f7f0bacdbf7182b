CREATE TABLE pages (id integer PRIMARY KEY, slug text NOT NULL, CONSTRAINT pages_slug_key UNIQUE (slug));
CREATE TABLE files (
    id integer PRIMARY KEY,
    page_slug text,
    CONSTRAINT files_page_slug_fkey FOREIGN KEY (page_slug) REFERENCES pages (slug) ON UPDATE CASCADE ON DELETE SET NULL
);
CREATE INDEX files_page_slug_idx ON files (page_slug);
