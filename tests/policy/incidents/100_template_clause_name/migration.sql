CREATE TABLE IF NOT EXISTS oe_contracts_template_clause (
    id uuid PRIMARY KEY,
    template_id uuid NOT NULL,
    CONSTRAINT fk_oe_contracts_template_clause_template_id_oe_contracts_template
        FOREIGN KEY (template_id) REFERENCES oe_contracts_template (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS oe_contracts_template_clause_template_id_idx ON oe_contracts_template_clause (template_id);
