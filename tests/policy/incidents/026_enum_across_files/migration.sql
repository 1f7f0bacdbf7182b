ALTER TYPE entity_type ADD VALUE IF NOT EXISTS 'entity3';
