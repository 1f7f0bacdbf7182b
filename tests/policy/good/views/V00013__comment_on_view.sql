COMMENT ON VIEW cheap_books IS 'below twenty';
