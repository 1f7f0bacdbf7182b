create table if not exists quiet (id bigint primary key, note text not null default 'x');
create index if not exists quiet_note_idx on quiet using btree (note);
insert into quiet (id) values (1) on conflict do nothing;
