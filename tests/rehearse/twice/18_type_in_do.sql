-- then
DO $$ BEGIN
  CREATE TYPE t18_mood AS ENUM ('sad', 'ok');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
