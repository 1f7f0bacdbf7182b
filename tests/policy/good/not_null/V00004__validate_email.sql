-- Reads the table under SHARE UPDATE EXCLUSIVE: others go on reading and writing.
ALTER TABLE people VALIDATE CONSTRAINT people_email_not_null;
