CREATE TABLE IF NOT EXISTS component_balance_p20260902
    PARTITION OF component_balance FOR VALUES FROM ('2026-09-02') TO ('2026-09-03');
DELETE FROM component_balance WHERE valid_to < '2026-08-02';
