CREATE TYPE changelog_table_name AS ENUM ('item', 'name');
CREATE TABLE changelog (cursor bigint PRIMARY KEY, table_name changelog_table_name NOT NULL);
CREATE VIEW changelog_deduped AS SELECT max(cursor) AS cursor, table_name FROM changelog GROUP BY table_name;
