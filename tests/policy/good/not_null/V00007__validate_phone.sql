ALTER TABLE people VALIDATE CONSTRAINT people_phone_not_null;
