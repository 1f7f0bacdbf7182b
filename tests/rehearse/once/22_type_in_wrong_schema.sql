-- then
DO $$ BEGIN
  IF to_regtype('app.o22_mood') IS NULL THEN
    CREATE TYPE o22_mood AS ENUM ('sad', 'ok');
  END IF;
END $$;
