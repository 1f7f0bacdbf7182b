INSERT INTO preceding_succeeding_title (id)
SELECT id FROM instance_relationship WHERE kind = 'succeeding';
