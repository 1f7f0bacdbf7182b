ALTER TABLE members VALIDATE CONSTRAINT members_team_id_fkey;
