SELECT 1;
SELECT 'this one; has no end
