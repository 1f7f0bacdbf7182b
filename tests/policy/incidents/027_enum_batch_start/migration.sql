ALTER TYPE provider ADD VALUE IF NOT EXISTS 'openai-compat';
