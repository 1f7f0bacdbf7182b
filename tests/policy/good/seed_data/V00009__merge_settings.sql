UPDATE settings SET value = value || '"light"'::jsonb
WHERE key = 'theme' AND jsonb_typeof(value) = 'string';
