CREATE TYPE status AS ENUM ('ONE', 'TWO');
CREATE TABLE clients (id bigint PRIMARY KEY, status status NOT NULL DEFAULT 'ONE');
