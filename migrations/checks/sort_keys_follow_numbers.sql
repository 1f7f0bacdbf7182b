-- Where the backfill has been, the sort key is the number. True, or what is wrong.
SELECT NOT EXISTS (
    SELECT FROM versions WHERE sort_key IS NOT NULL AND sort_key <> string_to_array(number, '.')::integer[]
) AS sort_keys_follow_numbers;
