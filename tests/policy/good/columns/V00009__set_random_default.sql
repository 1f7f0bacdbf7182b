-- For new rows only: the old ones stay empty until they are filled, and nothing is rewritten.
ALTER TABLE things ALTER COLUMN public_id SET DEFAULT gen_random_uuid();
