ALTER TABLE items ENABLE TRIGGER items_notify;
