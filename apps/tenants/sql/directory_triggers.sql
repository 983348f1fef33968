-- Every change of what gateways believe is announced on the channel kapok_directory as '<table>:<uuid>', whoever made
-- it (psql included). The argument names the column that holds the tenant's or the project's id.
create function public.kapok_directory_changed() returns trigger language plpgsql set search_path = pg_catalog as $$
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

create trigger kapok_directory after insert or delete on public.tenants_project
    for each row execute function public.kapok_directory_changed('id');
create trigger kapok_directory_update after update on public.tenants_project
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('id');

create trigger kapok_directory after insert or delete on public.tenants_tenant
    for each row execute function public.kapok_directory_changed('id');
create trigger kapok_directory_update after update on public.tenants_tenant
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('id');

create trigger kapok_directory after insert or delete on public.tenants_domain
    for each row execute function public.kapok_directory_changed('tenant_id');
create trigger kapok_directory_update after update on public.tenants_domain
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('tenant_id');

-- last_used_at changes often and concerns no gateway.
create trigger kapok_directory after insert or delete on public.tenants_apikey
    for each row execute function public.kapok_directory_changed('tenant_id');
create trigger kapok_directory_update
    after update of tenant_id, kind, role, digest, expires_at, revoked_at on public.tenants_apikey
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('tenant_id');

create trigger kapok_directory after insert or delete on public.tenants_projectpermissions
    for each row execute function public.kapok_directory_changed('project_id');
create trigger kapok_directory_update after update on public.tenants_projectpermissions
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('project_id');

create trigger kapok_directory after insert or delete on public.tenants_trusteddocument
    for each row execute function public.kapok_directory_changed('project_id');
create trigger kapok_directory_update after update on public.tenants_trusteddocument
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('project_id');

create trigger kapok_directory_truncate after truncate on public.tenants_project
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_tenant
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_domain
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_apikey
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_projectpermissions
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_trusteddocument
    for each statement execute function public.kapok_directory_changed();
