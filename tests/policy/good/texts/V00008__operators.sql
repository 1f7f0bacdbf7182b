CREATE TABLE IF NOT EXISTS operated (id bigint PRIMARY KEY, data jsonb NOT NULL DEFAULT '{}', spans int4range);
UPDATE operated SET data = data - 'old' || jsonb_build_object('new', data #>> '{a,b}') WHERE data ? 'old';
UPDATE operated SET spans = '[1,5)'::int4range WHERE spans @> 3 AND id = ANY (ARRAY[1, 2]);
