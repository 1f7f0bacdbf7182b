DROP TRIGGER IF EXISTS clients_copy_name ON clients;
