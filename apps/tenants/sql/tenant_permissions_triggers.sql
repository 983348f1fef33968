-- A tenant's own rules are a part of what gateways believe: announced like the rest of the directory.
create trigger kapok_directory after insert or delete on public.tenants_tenantpermissions
    for each row execute function public.kapok_directory_changed('tenant_id');
create trigger kapok_directory_update after update on public.tenants_tenantpermissions
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('tenant_id');
create trigger kapok_directory_truncate after truncate on public.tenants_tenantpermissions
    for each statement execute function public.kapok_directory_changed();
