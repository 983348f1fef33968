-- PUBLIC, and so every tenant's role, has nothing outside its own schema: not the platform's tables, and no temporary
-- tables, which would outlive a request on a pooled connection and hide other tables' names there.
grant all on schema public to current_user;
revoke all on schema public from public;
do $$
begin
    execute format('revoke temporary, create on database %I from public', current_database());
end
$$;
