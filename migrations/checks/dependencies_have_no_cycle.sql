-- A version never needs itself, however many others stand in between: no constraint can say that.
WITH RECURSIVE needs AS (
    SELECT version_id, requires_id FROM dependencies
    UNION
    SELECT needs.version_id, dependencies.requires_id
    FROM needs JOIN dependencies ON dependencies.version_id = needs.requires_id
)
SELECT version_id FROM needs WHERE version_id = requires_id;
