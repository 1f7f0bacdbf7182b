DROP INDEX IF EXISTS roster_roles_code_key;
