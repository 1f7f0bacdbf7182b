CREATE TABLE IF NOT EXISTS public.qualified (id pg_catalog.int8 PRIMARY KEY, at pg_catalog.timestamptz);
INSERT INTO public.qualified (id, at) VALUES (1, pg_catalog.now()) ON CONFLICT DO NOTHING;
