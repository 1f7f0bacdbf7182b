-- the longer index serves the same queries
DROP INDEX "index_sessions_on_user_id";
