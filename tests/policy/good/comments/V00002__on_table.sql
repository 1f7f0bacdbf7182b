COMMENT ON TABLE planets IS 'eight of them; it''s settled';
