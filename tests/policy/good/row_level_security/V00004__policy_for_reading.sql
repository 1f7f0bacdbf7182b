DROP POLICY IF EXISTS papers_read ON papers;
CREATE POLICY papers_read ON papers FOR SELECT
    USING (tenant_id = current_setting('app.tenant', true)::bigint);
