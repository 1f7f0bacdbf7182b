CREATE TABLE IF NOT EXISTS a_name_of_exactly_sixty_three_bytes_which_is_what_postgresql_take (id bigint PRIMARY KEY);
