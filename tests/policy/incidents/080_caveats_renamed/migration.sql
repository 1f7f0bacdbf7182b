ALTER TABLE macaroons RENAME COLUMN caveats TO permissions_caveat;
