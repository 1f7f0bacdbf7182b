-- An index of the parent alone is a change of the catalog; the partitions' follow one by one.
CREATE INDEX IF NOT EXISTS measurements_value_idx ON ONLY measurements (value);
