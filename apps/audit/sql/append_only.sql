-- Rows of a log stay as they are. This stops mistakes, not the tables' owner: what an owner or a superuser changes all the
-- same is found by sealing. Erasure and retention say what they are about to do, for their transaction only:
-- select set_config('kapok.log_upkeep', 'on', true).
create or replace function public.kapok_append_only() returns trigger language plpgsql as $$
begin
    if pg_catalog.current_setting('kapok.log_upkeep', true) operator(pg_catalog.=) 'on' and tg_op operator(pg_catalog.<>) 'TRUNCATE' then
        return null;
    end if;
    raise exception 'rows of %.% are only ever added', tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;
revoke all on function public.kapok_append_only() from public;
