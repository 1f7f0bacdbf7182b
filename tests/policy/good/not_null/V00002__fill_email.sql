UPDATE people SET email = 'unknown-' || id || '@example.org' WHERE email IS NULL;
