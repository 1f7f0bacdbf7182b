DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_policies WHERE tablename = 'papers' AND policyname = 'papers_delete') THEN
        CREATE POLICY papers_delete ON papers FOR DELETE USING (false);
    END IF;
END
$$;
