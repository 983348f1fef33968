-- Issuers decide which tokens are believed: announced as everything in directory_triggers.sql.
create trigger kapok_directory after insert or update or delete on public.tenants_trustedissuer
    for each row execute function public.kapok_directory_changed('project_id');
create trigger kapok_directory_truncate after truncate on public.tenants_trustedissuer
    for each statement execute function public.kapok_directory_changed();
