CREATE INDEX IF NOT EXISTS signatures_email_idx ON signatures (email);
