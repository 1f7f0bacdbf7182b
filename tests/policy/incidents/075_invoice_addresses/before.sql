CREATE TABLE users (id bigint PRIMARY KEY, address_line1 text, city text, zip text);
