-- The value was committed with the file before.
UPDATE entries SET mood = 'happy' WHERE mood = 'ok' AND id > 1000;
