CREATE TABLE pub_values (id uuid PRIMARY KEY, pub_id uuid NOT NULL, field_id uuid);
