-- Every change of what gateways believe is announced on the channel kapok_directory as '<table>:<uuid>', whoever made
-- it (psql included). The argument names the column that holds the tenant's or the project's id.
create or replace function public.kapok_directory_changed() returns trigger language plpgsql set search_path = pg_catalog as $$
declare
    changed jsonb;
begin
    if tg_op = 'TRUNCATE' then
        perform pg_notify('kapok_directory', tg_table_name || ':*');
        return null;
    end if;
    changed := case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    perform pg_notify('kapok_directory', tg_table_name || ':' || (changed ->> tg_argv[0]));
    -- A row that moved concerns its former owner too.
    if tg_op = 'UPDATE' and to_jsonb(old) ->> tg_argv[0] is distinct from changed ->> tg_argv[0] then
        perform pg_notify('kapok_directory', tg_table_name || ':' || (to_jsonb(old) ->> tg_argv[0]));
    end if;
    return null;
end
$$;
revoke all on function public.kapok_directory_changed() from public;
