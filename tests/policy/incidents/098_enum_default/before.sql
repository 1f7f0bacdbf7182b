CREATE TYPE file_source AS ENUM ('FILESTACK');
CREATE TABLE file (id bigint PRIMARY KEY, source file_source NOT NULL DEFAULT 'FILESTACK');
