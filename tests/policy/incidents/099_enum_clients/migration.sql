ALTER TYPE status ADD VALUE IF NOT EXISTS 'FOUR';
UPDATE clients SET status = 'FOUR' WHERE status = 'TWO';
