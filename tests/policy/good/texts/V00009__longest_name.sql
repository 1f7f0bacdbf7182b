CREATE TABLE IF NOT EXISTS a_name_of_exactly_sixty_three_bytes_which_is_what_postgres_take (id bigint PRIMARY KEY);
