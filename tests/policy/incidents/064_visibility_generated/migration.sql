ALTER TABLE executions_visibility ADD COLUMN IF NOT EXISTS reported_problems jsonb
    GENERATED ALWAYS AS (search_attributes -> 'ReportedProblems') STORED;
