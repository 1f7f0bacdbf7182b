DELETE FROM readings WHERE id > 290 AND parsed > 1000000;
