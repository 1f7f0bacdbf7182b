alter table if exists "segment_member" add constraint "segment_member_segment_id_foreign"
    foreign key ("segment_id") references "segment" ("id") on update cascade on delete cascade;
