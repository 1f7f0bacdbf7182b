ALTER TABLE pending_records DROP CONSTRAINT IF EXISTS uix_pending_email_id;
ALTER TABLE pending_records ADD CONSTRAINT uix_pending_email_id UNIQUE (email_id);
