ALTER TABLE releases VALIDATE CONSTRAINT releases_component_fkey;
