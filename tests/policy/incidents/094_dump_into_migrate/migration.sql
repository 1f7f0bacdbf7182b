SET search_path = '';
CREATE TABLE IF NOT EXISTS public.accounts (id bigint PRIMARY KEY);
