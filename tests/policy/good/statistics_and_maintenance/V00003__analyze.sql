ANALYZE addresses;
