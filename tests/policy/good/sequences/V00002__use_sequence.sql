CREATE TABLE IF NOT EXISTS tickets (id bigint PRIMARY KEY DEFAULT nextval('ticket_numbers'), title text);
