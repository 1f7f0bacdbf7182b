CREATE TABLE component_balance (id bigint NOT NULL, valid_to timestamptz NOT NULL) PARTITION BY RANGE (valid_to);
CREATE TABLE component_balance_old PARTITION OF component_balance FOR VALUES FROM ('2026-08-01') TO ('2026-09-01');
