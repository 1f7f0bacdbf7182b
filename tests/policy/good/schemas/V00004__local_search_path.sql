SET LOCAL search_path = reporting, public;
CREATE TABLE IF NOT EXISTS reporting.days (day date PRIMARY KEY);
