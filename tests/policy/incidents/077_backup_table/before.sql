CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE temp_migration_backup AS SELECT * FROM users;
