COMMENT ON DOMAIN email_address IS 'has an at sign';
