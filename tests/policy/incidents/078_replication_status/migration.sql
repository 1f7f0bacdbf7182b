ALTER TABLE calendar_event ADD COLUMN IF NOT EXISTS status text;
UPDATE calendar_event SET status = CAST((data ->> 'status') AS text);
