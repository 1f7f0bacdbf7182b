ALTER TABLE members VALIDATE CONSTRAINT members_mentor_id_fkey;
