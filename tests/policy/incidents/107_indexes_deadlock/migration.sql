DROP INDEX IF EXISTS shipments_carrier_idx;
DROP INDEX IF EXISTS parcels_weight_idx;
