ALTER TABLE members DROP CONSTRAINT IF EXISTS members_mentor_id_fkey;
