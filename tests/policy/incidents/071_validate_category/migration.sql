ALTER TABLE attachment DROP CONSTRAINT IF EXISTS attachment_category_check;
ALTER TABLE attachment
    ADD CONSTRAINT attachment_category_check CHECK (category IN ('file', 'image', 'audio')) NOT VALID;
ALTER TABLE attachment VALIDATE CONSTRAINT attachment_category_check;
