CREATE TABLE IF NOT EXISTS tenants (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE IF NOT EXISTS papers (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenants (id), title text);
CREATE INDEX IF NOT EXISTS papers_tenant_id_idx ON papers (tenant_id);
