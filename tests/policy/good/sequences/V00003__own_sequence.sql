ALTER SEQUENCE ticket_numbers OWNED BY tickets.id;
