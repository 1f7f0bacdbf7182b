SELECT setval('ticket_numbers', greatest(nextval('ticket_numbers'), 5000));
