-- What functions outside kapok_log keep when they are replaced: they are the platform's, and nobody is let in by name.
do $$
declare
    ours record;
begin
    for ours in
        select p.oid::pg_catalog.regprocedure as name, p.proowner <> current_user::pg_catalog.regrole as is_foreign,
            (select pg_catalog.string_agg(distinct a.grantee::pg_catalog.regrole::pg_catalog.text, ', ')
                from pg_catalog.aclexplode(p.proacl) a
                where a.grantee <> 0 and a.grantee not in (p.proowner, current_user::pg_catalog.regrole)) as roles
        from pg_catalog.pg_proc p
        where p.pronamespace = 'kapok'::pg_catalog.regnamespace
            or p.pronamespace = 'public'::pg_catalog.regnamespace and p.proname like 'kapok\_%'
    loop
        if ours.is_foreign then execute pg_catalog.format('alter routine %s owner to current_user', ours.name); end if;
        if ours.roles is not null then
            execute pg_catalog.format('revoke all on routine %s from %s cascade', ours.name, ours.roles);
        end if;
    end loop;
end
$$;
