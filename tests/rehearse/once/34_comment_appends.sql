CREATE TABLE o34 (a int); COMMENT ON TABLE o34 IS 'orders';
-- then
DO $$ BEGIN
  EXECUTE format('COMMENT ON TABLE o34 IS %L', obj_description('o34'::regclass) || ', since 2024');
END $$;
