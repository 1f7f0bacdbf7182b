SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE IF NOT EXISTS public.sessions (id bigint PRIMARY KEY);
