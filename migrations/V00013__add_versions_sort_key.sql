-- 1.10.0 comes after 1.9.0: the three numbers of a version, to sort by.
--
-- A generated column would rewrite the table under ACCESS EXCLUSIVE. This one comes empty, in an instant; the
-- service fills it in new rows, and `app/examples/backfill.rs` in old ones, in batches. Until then old versions
-- come first in a listing, so nothing has to wait for it.
ALTER TABLE versions ADD COLUMN IF NOT EXISTS sort_key integer[];
