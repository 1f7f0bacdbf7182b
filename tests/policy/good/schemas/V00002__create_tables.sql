CREATE TABLE IF NOT EXISTS reporting.facts (id bigint PRIMARY KEY, day date NOT NULL, amount numeric);
CREATE TABLE IF NOT EXISTS public.facts (id bigint PRIMARY KEY, label text);
