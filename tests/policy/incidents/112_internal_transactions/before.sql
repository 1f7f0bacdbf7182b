CREATE TABLE internal_transactions (hash bytea PRIMARY KEY, type text NOT NULL, call_type text, input bytea);
INSERT INTO internal_transactions VALUES ('\x01', 'call', 'call', NULL), ('\x02', 'call', 'call', '\x00');
