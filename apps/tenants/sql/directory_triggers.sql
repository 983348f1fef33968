-- What calls directory_function.sql.
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
