CREATE TYPE entity_type AS ENUM ('entity1', 'entity2');
CREATE TABLE entity (id bigint PRIMARY KEY, type entity_type NOT NULL);
