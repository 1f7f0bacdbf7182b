ALTER TABLE items DISABLE TRIGGER items_notify;
