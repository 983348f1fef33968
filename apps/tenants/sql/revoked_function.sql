-- Signing keys and revocations decide which tokens are believed. Keys are announced as everything in
-- directory_function.sql; a revocation says which it is, 'tenants_revocation:<tenant>:<kind>:<value>', so that only that
-- row has to be read. (It has to be: anybody who has a session can notify.)
create or replace function public.kapok_revoked() returns trigger language plpgsql set search_path = pg_catalog as $$
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
revoke all on function public.kapok_revoked() from public;
