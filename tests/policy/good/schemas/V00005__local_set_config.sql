SELECT set_config('search_path', 'reporting, public', true);
CREATE OR REPLACE VIEW reporting.recent AS SELECT * FROM reporting.facts WHERE day > '2026-01-01';
