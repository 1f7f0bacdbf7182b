SELECT count(*) FROM balances;
