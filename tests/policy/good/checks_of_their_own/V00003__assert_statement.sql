DO $$
BEGIN
    ASSERT (SELECT count(*) FROM balances WHERE id IS NULL) = 0, 'no balance without a key';
END
$$;
