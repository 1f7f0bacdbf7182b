UPDATE flags SET is_enabled = enabled = 'yes' WHERE is_enabled IS NULL AND enabled IS NOT NULL;
