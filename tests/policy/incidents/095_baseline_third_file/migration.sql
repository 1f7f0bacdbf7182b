SELECT set_config('search_path', '', false);
CREATE TABLE IF NOT EXISTS public.agents (id bigint PRIMARY KEY);
