UPDATE events SET size_wide = size WHERE size_wide IS NULL AND id BETWEEN 1 AND 1000;
