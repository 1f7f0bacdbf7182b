DO $$
DECLARE
    old record;
BEGIN
    FOR old IN
        SELECT con.conname FROM pg_constraint AS con
        WHERE con.conrelid = 'circles'::regclass AND con.contype = 'c'
          AND pg_get_constraintdef(con.oid) LIKE '%member_limit%'
          AND con.conname <> 'circles_member_limit_bounds'
    LOOP
        EXECUTE format('ALTER TABLE circles DROP CONSTRAINT %I', old.conname);
    END LOOP;
END
$$;
ALTER TABLE circles ADD CONSTRAINT circles_member_limit_bounds CHECK (member_limit BETWEEN 1 AND 100) NOT VALID;
