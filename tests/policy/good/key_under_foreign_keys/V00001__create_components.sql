CREATE TABLE IF NOT EXISTS components (
    id bigint PRIMARY KEY,
    publisher_id bigint NOT NULL,
    name text NOT NULL,
    CONSTRAINT components_name_key UNIQUE (name)
);
CREATE TABLE IF NOT EXISTS releases (
    id bigint PRIMARY KEY,
    publisher_id bigint NOT NULL,
    component_name text NOT NULL,
    CONSTRAINT releases_component_name_fkey FOREIGN KEY (component_name) REFERENCES components (name)
);
CREATE INDEX IF NOT EXISTS releases_component_name_idx ON releases (component_name);
