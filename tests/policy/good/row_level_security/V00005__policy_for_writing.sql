DROP POLICY IF EXISTS papers_write ON papers;
CREATE POLICY papers_write ON papers FOR INSERT
    WITH CHECK (tenant_id = current_setting('app.tenant', true)::bigint);
