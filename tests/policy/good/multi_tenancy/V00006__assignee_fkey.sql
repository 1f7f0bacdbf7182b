DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'tasks'::regclass AND conname = 'tasks_assignee_id_fkey'
    ) THEN
        ALTER TABLE tasks
            ADD CONSTRAINT tasks_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES assignees (id) NOT VALID;
    END IF;
END
$$;
