CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE organizations (id bigint PRIMARY KEY);
CREATE TABLE cost_insights (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));
CREATE TABLE cost_alerts (id bigint PRIMARY KEY, organization_id bigint REFERENCES organizations (id));
