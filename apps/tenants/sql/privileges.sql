-- PUBLIC, and so every tenant's role, has nothing outside its own schema: not the platform's tables, and no temporary
-- tables, which would outlive a request on a pooled connection and hide other tables' names there.
grant all on schema public to current_user;
revoke all on schema public from public;
do $$
begin
    execute format('revoke temporary, create on database %I from public', current_database());
end
$$;
-- Of a schema that belongs to somebody else, Postgres takes nothing away and only warns.
do $$
begin
    if has_schema_privilege('public', 'public', 'usage') or has_schema_privilege('public', 'public', 'create') then
        raise insufficient_privilege using
            message = 'the schema public is open to everybody, tenants too, and does not belong to this login',
            hint = format('Let its owner run: alter schema public owner to %I', current_user);
    end if;
end
$$;
