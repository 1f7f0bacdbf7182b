ALTER TYPE vehicle_filter ADD VALUE IF NOT EXISTS 'cruise';
COMMIT;
BEGIN;
UPDATE tech_tree_nodes SET vehicle_filter = 'courier' WHERE key = 'courier_route_optimiser';
