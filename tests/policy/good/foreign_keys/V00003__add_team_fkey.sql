DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'members'::regclass AND conname = 'members_team_id_fkey'
    ) THEN
        ALTER TABLE members
            ADD CONSTRAINT members_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) NOT VALID;
    END IF;
END
$$;
