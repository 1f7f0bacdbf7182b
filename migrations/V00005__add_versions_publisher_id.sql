-- Names are to be unique per publisher instead of in the whole registry, so a version has to say whose component
-- it belongs to. A NOT NULL column comes to a table with rows in five small steps; this is the first.
--
-- 1. V00005: the column, empty. ACCESS EXCLUSIVE for an instant: nothing is rewritten, nothing is read.
-- 2. V00006: the old rows get their value, after the release that writes it into new ones.
-- 3. V00007: a CHECK that binds new rows only.
-- 4. V00008: the CHECK is proven for the old rows while others go on writing.
-- 5. V00009: NOT NULL, which the proven CHECK makes an instant.
ALTER TABLE versions ADD COLUMN IF NOT EXISTS publisher_id bigint;
