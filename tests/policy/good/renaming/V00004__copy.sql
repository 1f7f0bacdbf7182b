UPDATE clients SET full_name = fullname WHERE full_name IS NULL AND fullname IS NOT NULL;
