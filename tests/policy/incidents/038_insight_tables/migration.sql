-- dbtask:allow(drop-data): the feature was never released
DROP TABLE IF EXISTS cost_insights;
-- dbtask:allow(drop-data): the feature was never released
DROP TABLE IF EXISTS cost_alerts;
