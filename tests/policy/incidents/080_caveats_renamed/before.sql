CREATE TABLE macaroons (id uuid PRIMARY KEY, caveats jsonb);
