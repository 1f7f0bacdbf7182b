ALTER TABLE feature_states DROP CONSTRAINT IF EXISTS feature_states_version_check;
ALTER TABLE feature_states ADD CONSTRAINT feature_states_version_check CHECK (version > 0) NOT VALID;
