CREATE TABLE shipments (id bigint PRIMARY KEY, carrier text);
CREATE INDEX shipments_carrier_idx ON shipments (carrier);
CREATE TABLE parcels (id bigint PRIMARY KEY, shipment_id bigint, weight integer);
CREATE INDEX parcels_weight_idx ON parcels (weight);
