-- What calls revoked_function.sql and directory_function.sql.
create trigger kapok_directory after insert or update or delete on public.tenants_revocation
    for each row execute function public.kapok_revoked();
create trigger kapok_directory after insert or update or delete on public.tenants_signingkey
    for each row execute function public.kapok_directory_changed('tenant_id');

create trigger kapok_directory_truncate after truncate on public.tenants_signingkey
    for each statement execute function public.kapok_directory_changed();
create trigger kapok_directory_truncate after truncate on public.tenants_revocation
    for each statement execute function public.kapok_directory_changed();
