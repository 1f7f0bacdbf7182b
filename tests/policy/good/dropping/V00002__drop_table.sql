-- dbtask:allow(drop-data): replaced by `documents` three releases ago, rows were compared
DROP TABLE IF EXISTS legacy;
