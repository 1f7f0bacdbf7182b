ALTER TABLE parts VALIDATE CONSTRAINT parts_weight_check;
