ALTER TABLE things ADD COLUMN IF NOT EXISTS public_id uuid;
