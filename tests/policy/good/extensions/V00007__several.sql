CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS hstore;
COMMENT ON SCHEMA extensions IS 'what comes from packages';
