ALTER TABLE members DROP CONSTRAINT IF EXISTS members_mentor_id_fkey;
ALTER TABLE members
    ADD CONSTRAINT members_mentor_id_fkey FOREIGN KEY (mentor_id) REFERENCES members (id) ON DELETE SET NULL NOT VALID;
