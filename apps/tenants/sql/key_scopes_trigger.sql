-- As in directory_triggers.sql, with scopes among what concerns gateways.
drop trigger kapok_directory_update on public.tenants_apikey;
create trigger kapok_directory_update
    after update of tenant_id, kind, role, scopes, digest, expires_at, revoked_at on public.tenants_apikey
    for each row when (old.* is distinct from new.*) execute function public.kapok_directory_changed('tenant_id');
