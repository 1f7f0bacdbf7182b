DROP TYPE IF EXISTS spare_type;
