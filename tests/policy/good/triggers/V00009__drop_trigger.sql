DROP TRIGGER IF EXISTS items_count ON items;
