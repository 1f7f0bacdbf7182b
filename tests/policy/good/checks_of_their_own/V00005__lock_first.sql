-- Taken on purpose, for an instant, so that the two statements see the same rows.
LOCK TABLE balances IN SHARE ROW EXCLUSIVE MODE;
UPDATE balances SET cents = 0 WHERE cents IS NULL;
