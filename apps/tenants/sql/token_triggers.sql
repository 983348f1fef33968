-- Signing keys and revocations decide which tokens are believed. Keys are announced as everything in
-- directory_triggers.sql; a revocation says which it is, 'tenants_revocation:<tenant>:<kind>:<value>', so that only that
-- row has to be read. (It has to be: anybody who has a session can notify.)
create function public.kapok_revoked() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    if tg_op <> 'DELETE' then
        perform pg_notify('kapok_directory',
            'tenants_revocation:' || new.tenant_id || ':' || new.kind || ':' || new.value);
    end if;
    -- What was taken back, by hand or because it has expired, is read anew.
    if tg_op = 'DELETE' or tg_op = 'UPDATE' and old.tenant_id || old.kind || old.value
            is distinct from new.tenant_id || new.kind || new.value then
        perform pg_notify('kapok_directory', 'tenants_revocation:' || old.tenant_id);
    end if;
    return null;
end
$$;

create trigger kapok_directory after insert or update or delete on public.tenants_revocation
    for each row execute function public.kapok_revoked();
create trigger kapok_directory after insert or update or delete on public.tenants_signingkey
    for each row execute function public.kapok_directory_changed('tenant_id');

create trigger kapok_directory_truncate after truncate on public.tenants_signingkey
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_revocation
    for each statement execute function public.kapok_directory_changed();
