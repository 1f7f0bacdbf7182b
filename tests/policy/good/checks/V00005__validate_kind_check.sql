ALTER TABLE parts VALIDATE CONSTRAINT parts_kind_check;
