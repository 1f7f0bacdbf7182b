CREATE TYPE vehicle_filter AS ENUM ('car', 'courier');
CREATE TABLE tech_tree_nodes (key text PRIMARY KEY, vehicle_filter vehicle_filter);
