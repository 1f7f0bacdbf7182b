CREATE TABLE IF NOT EXISTS badges (
    member_id bigint NOT NULL,
    label text NOT NULL,
    CONSTRAINT badges_pkey PRIMARY KEY (member_id, label),
    CONSTRAINT badges_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id)
);
