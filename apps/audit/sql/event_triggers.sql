create trigger kapok_append_only before update or delete on {schema}.kapok_event
    for each statement execute function public.kapok_append_only();
create trigger kapok_no_truncate before truncate on {schema}.kapok_event
    for each statement execute function public.kapok_append_only();
-- Also where session_replication_role is replica.
alter table {schema}.kapok_event enable always trigger kapok_append_only, enable always trigger kapok_no_truncate;
