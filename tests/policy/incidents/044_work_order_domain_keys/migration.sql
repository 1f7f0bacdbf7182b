ALTER TABLE work_order ADD COLUMN IF NOT EXISTS archived_by_user_id integer;
ALTER TABLE work_order DROP CONSTRAINT IF EXISTS work_order_archived_by_fkey;
ALTER TABLE users DROP CONSTRAINT IF EXISTS user_id_domain_id_unique;
ALTER TABLE users ADD CONSTRAINT user_id_domain_id_unique UNIQUE (id, domain_id);
ALTER TABLE work_order ADD CONSTRAINT work_order_archived_by_fkey
    FOREIGN KEY (archived_by_user_id, domain_id) REFERENCES users (id, domain_id);
