ALTER SEQUENCE ticket_numbers CACHE 50;
