CREATE TABLE oe_contracts_template (id uuid PRIMARY KEY);
