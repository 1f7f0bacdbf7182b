CREATE OR REPLACE FUNCTION sides(amount numeric) RETURNS TABLE (left numeric, right numeric) LANGUAGE sql AS $$
    SELECT amount / 2, amount - amount / 2;
$$;
