-- DDL in a tenant's schema, by Kapok or by hand, is announced on the channel kapok_ddl with the schema's name.
--
-- The functions run with the rights and the search_path of whoever ran the DDL, tenants' own roles included, so every
-- name in them is qualified; and they must never stop that DDL, so every error becomes a warning.
create or replace function public.kapok_ddl_changed() returns event_trigger language plpgsql as $$
declare
    command record;
    touched text;
begin
    if tg_tag operator(pg_catalog.=) any (array['REFRESH MATERIALIZED VIEW', 'REINDEX']::pg_catalog.text[])
        -- The change log's own, which no gateway looks at (apps/audit/sql/change_events.sql; set anew before each call).
        or pg_catalog.current_setting('kapok.ddl_is_ours', true) operator(pg_catalog.=) 'on' then
        return;
    end if;
    for command in
        select c.schema_name, c.object_type, c.object_identity from pg_catalog.pg_event_trigger_ddl_commands() c
    loop
        touched := command.schema_name;
        if touched is null and command.object_type operator(pg_catalog.=) 'schema' then
            touched := command.object_identity;
        elsif touched is null and session_user operator(pg_catalog.~) '^t_[a-z2-7]{26}_owner$' then
            -- GRANT and ALTER DEFAULT PRIVILEGES report no schema; an owner's are in its own.
            touched := pg_catalog.left(session_user::pg_catalog.text, 28);
        end if;
        if touched operator(pg_catalog.~) '^t_[a-z2-7]{26}$' then
            perform pg_catalog.pg_notify('kapok_ddl', touched);
        elsif touched is null then
            -- Of anyone else's the search_path and the statement's own names tell (not all of a long script is read).
            perform pg_catalog.pg_notify('kapok_ddl', found.name)
            from (
                select pg_catalog.unnest(pg_catalog.current_schemas(false))::pg_catalog.text as name
                union
                select m.match[1]
                from pg_catalog.regexp_matches(
                    pg_catalog.left(pg_catalog.current_query(), 4000), 't_[a-z2-7]{26}', 'g'
                ) as m(match)
            ) found
            where found.name operator(pg_catalog.~) '^t_[a-z2-7]{26}$';
        end if;
    end loop;
exception when others then
    raise warning 'kapok could not announce a change: %', sqlerrm;
end
$$;

create or replace function public.kapok_ddl_dropped() returns event_trigger language plpgsql as $$
declare
    touched text;
begin
    for touched in
        select distinct found.name
        from (
            select o.schema_name as name from pg_catalog.pg_event_trigger_dropped_objects() o
            union all
            select o.object_name from pg_catalog.pg_event_trigger_dropped_objects() o
            where o.object_type operator(pg_catalog.=) 'schema'
        ) found
        where found.name operator(pg_catalog.~) '^t_[a-z2-7]{26}$'
    loop
        perform pg_catalog.pg_notify('kapok_ddl', touched);
    end loop;
exception when others then
    raise warning 'kapok could not announce a change: %', sqlerrm;
end
$$;

-- Only a superuser (or what a managed service has in its place) may create event triggers. Without them gateways poll;
-- whether they exist is read from pg_event_trigger.
revoke all on function public.kapok_ddl_changed(), public.kapok_ddl_dropped() from public;
do $$
begin
    -- Made by an older Kapok.
    if exists (select from pg_catalog.pg_event_trigger e where e.evtname = 'kapok_ddl_changed') then
        drop event trigger kapok_ddl_changed;
    end if;
    if exists (select from pg_catalog.pg_event_trigger e where e.evtname = 'kapok_ddl_dropped') then
        drop event trigger kapok_ddl_dropped;
    end if;
    create event trigger kapok_ddl_changed on ddl_command_end execute function public.kapok_ddl_changed();
    create event trigger kapok_ddl_dropped on sql_drop execute function public.kapok_ddl_dropped();
exception when insufficient_privilege then
    raise warning 'kapok: this login may not create event triggers, so gateways look for changed tables every second';
end
$$;
