ALTER POLICY papers_read ON papers USING (tenant_id = current_setting('app.tenant', true)::bigint AND id > 0);
