-- The change log: event triggers that give tables their triggers in the transaction that makes or changes them, write DDL
-- down, and refuse to tenants what would silence the log.

-- Runs first, with the rights of whoever ran the command: the platform's, in a session of somebody else's or while
-- kapok_log is at work, can only mean that the command is one of these functions' own. (What it sets is set
-- anew right before each of the two below.) Plain expressions run without a query of their own: it is called for each
-- command of all DDL.
create function kapok_log.see_caller() returns event_trigger language plpgsql as $$
declare
    ours pg_catalog.text := '';
begin
    if session_user operator(pg_catalog.<>) current_user or pg_catalog.current_setting('kapok.protecting', true) operator(pg_catalog.=) 'on' then
        select case when n.nspowner operator(pg_catalog.=) current_user::pg_catalog.regrole::pg_catalog.oid then 'on' else '' end into ours
        from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.=) 'kapok_log';
    end if;
    ours := pg_catalog.set_config('kapok.ddl_is_ours', ours, true);
end
$$;

-- Whether the session belongs to a tenant (its owner) or to a project's gateway.
create function kapok_log.is_tenants_session() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return session_user::text ~ '^(t_[a-z2-7]{26}(_owner)?|g_[a-z2-7]{26})$';
end
$$;

-- Whether the session is that of an owner whose schema nobody is let into yet: its tables have neither log nor triggers.
create function kapok_log.is_set_up() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    schema text := left(session_user::text, 28);
begin
    return session_user::text ~ '^t_[a-z2-7]{26}_owner$'
        and case when to_regrole(schema) is null or to_regnamespace(schema) is null then true
            else not has_schema_privilege(schema, schema, 'usage') end;
end
$$;

create function kapok_log.refuse(what text) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise insufficient_privilege using message = format('%s belongs to Kapok''s change log', what),
        hint = 'What is written down of a table is set in audit.yaml.';
end
$$;

-- Raise where a tenant's command has left one of the log's triggers other than it was, or taken its name.
create function kapok_log.refuse_tampering(rel oid) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    bad text;
begin
    select format('The trigger %I on %s', t.tgname, t.tgrelid::regclass) into bad
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid
    where t.tgrelid = rel and not t.tgisinternal
        and case when p.proname ~ '^kapok_log_[0-9]+$' and p.proowner = (select nspowner from pg_namespace where nspname = 'kapok_log')
            then t.tgenabled <> 'A' or t.tgname not in ('kapok_insert', 'kapok_update', 'kapok_delete', 'kapok_truncate', 'kapok_rows')
            else starts_with(t.tgname::text, 'kapok_') end
    limit 1;
    if bad is not null then perform kapok_log.refuse(bad); end if;
end
$$;

-- Raise where a tenant's command has given a relation, an index of it or a type a name of the platform's: its own tables come
-- and go under such names. Functions may be called so: kapok_auth_hook is.
create function kapok_log.refuse_names(classid oid, objid oid) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    taken text;
begin
    select n.name into taken from (
        select c.relname::text as name, c.relowner as owner from pg_class c where $1 = 'pg_class'::regclass and c.oid = $2
        union all
        select c.relname::text, c.relowner from pg_index i join pg_class c on c.oid = i.indexrelid
        where $1 = 'pg_class'::regclass and i.indrelid = $2
        union all
        select t.typname::text, t.typowner from pg_type t where $1 = 'pg_type'::regclass and t.oid = $2
    ) n where starts_with(n.name, 'kapok_') and n.owner <> (select k.nspowner from pg_namespace k where k.nspname = 'kapok_log') limit 1;
    if taken is not null then
        raise reserved_name using message = format('%I: names of tables, indexes and types that begin with kapok_ are Kapok''s', taken),
            hint = 'Give it another name.';
    end if;
end
$$;

create function kapok_log.ddl_ended() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    command record; schema text; name text; family oid; rel oid; seen oid[] := '{}'; platform oid;
begin
    if current_setting('kapok.ddl_is_ours', true) = 'on' or tg_tag = any (array['REFRESH MATERIALIZED VIEW', 'REINDEX', 'ANALYZE'])
        or tg_tag !~ 'TRIGGER' and kapok_log.is_set_up() then
        return;
    end if;
    perform set_config('kapok.protecting', 'on', true);
    select nspowner into platform from pg_namespace where nspname = 'kapok_log';
    for command in select distinct c.classid, c.objid, c.schema_name, c.object_type, c.object_identity, c.command_tag from pg_event_trigger_ddl_commands() c loop
        schema := coalesce(command.schema_name,
            case when session_user::text ~ '^t_[a-z2-7]{26}_owner$' then left(session_user::text, 28) end);
        rel := case command.classid when 'pg_class'::regclass then command.objid
            when 'pg_trigger'::regclass then (select t.tgrelid from pg_trigger t where t.oid = command.objid)
            when 'pg_policy'::regclass then (select p.polrelid from pg_policy p where p.oid = command.objid) end;
        if rel is not null then
            select n.nspname into schema from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = rel;
        end if;
        continue when schema is null or schema !~ '^t_[a-z2-7]{26}$';
        if command.classid = 'pg_proc'::regclass and kapok_log.is_tenants_session() and exists (
            select from pg_proc p where p.oid = command.objid and p.proname ~ '^kapok_log_[0-9]+$' and p.proowner <> platform) then
            perform kapok_log.refuse(format('The name of the function %s', command.object_identity));
        end if;
        if kapok_log.is_tenants_session() then
            perform kapok_log.refuse_names(command.classid, command.objid);
            if rel is not null then perform kapok_log.refuse_tampering(rel); end if;
        end if;
        continue when not kapok_log.is_open(schema);
        -- The platform's own tables, with what belongs to them.
        continue when exists (select from pg_class c where c.oid = rel and c.relowner = platform
            and (starts_with(c.relname::text, 'kapok_') or c.relkind not in ('r', 'p', 'v', 'm')));
        select c.relname into name from pg_class c where c.oid = rel and c.relkind in ('r', 'p', 'v', 'm', 'f');
        perform kapok_log.note(schema, name, jsonb_build_object('command', command.command_tag, 'type', command.object_type)
            || case when command.object_identity is null then '{}' else jsonb_build_object('identity', command.object_identity) end);
        for family in
            select rel where rel is not null
            union select a.relid from pg_partition_ancestors(rel) a
            union select t.relid from pg_partition_tree(rel) t
            union select i.inhparent from pg_inherits i where i.inhrelid = rel
            union select i.inhrelid from pg_inherits i where i.inhparent = rel
            -- A partition that was detached is not among the command's objects.
            union select d.objid from pg_depend d join pg_class p on p.oid = rel and p.relkind = 'p' and tg_tag = 'ALTER TABLE'
                where d.refclassid = 'pg_namespace'::regclass and d.refobjid = p.relnamespace and d.classid = 'pg_class'::regclass
        loop
            continue when family = any (seen);
            perform kapok_log.protect(family, true);
            seen := seen || family;
        end loop;
    end loop;
    perform set_config('kapok.protecting', '', true), set_config('kapok.ddl_is_ours', '', true);
end
$$;

create function kapok_log.ddl_dropped() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone record; rel oid; touched text[] := '{}'; schema text; name text;
begin
    if current_setting('kapok.ddl_is_ours', true) = 'on' then return; end if;
    perform set_config('kapok.protecting', 'on', true);
    for gone in select * from pg_event_trigger_dropped_objects() o where o.object_type not in ('type', 'toast table') loop
        schema := coalesce(gone.schema_name, gone.address_names[1]);
        if kapok_log.is_tenants_session() and gone.object_type = 'function'
            and (schema = 'kapok_log' and gone.object_name !~ '_rows$' or starts_with(gone.object_name, 'kapok_log_')) then
            perform kapok_log.refuse('The function ' || gone.object_identity);
        end if;
        -- Nothing to do for what was dropped with its schema.
        continue when schema is null or not kapok_log.is_open(schema);
        rel := null;
        if gone.object_type in ('trigger', 'table column', 'table constraint', 'rule', 'policy', 'default value') then
            select c.oid into rel from pg_class c
            where c.relnamespace = to_regnamespace(quote_ident(schema)) and c.relname = gone.address_names[2];
        end if;
        if rel is not null then
            if gone.object_type = 'trigger' and starts_with(gone.address_names[3], 'kapok_') and kapok_log.is_tenants_session() then
                perform kapok_log.refuse(format('The trigger %s', gone.object_identity));
            end if;
            perform kapok_log.protect(rel, true);
        end if;
        if gone.original then
            name := case when gone.object_type in ('table', 'view', 'materialized view', 'foreign table') then gone.object_name
                when rel is not null then gone.address_names[2] end;
            perform kapok_log.note(schema, name, jsonb_build_object('command', tg_tag, 'type', gone.object_type, 'identity', gone.object_identity));
        end if;
        if gone.object_type = 'table' and schema <> all (touched) then touched := touched || schema; end if;
    end loop;
    foreach schema in array touched loop
        perform kapok_log.forget_dropped(schema);
    end loop;
    perform set_config('kapok.protecting', '', true);
end
$$;

do $$
declare
    made pg_catalog.regprocedure;
begin
    for made in
        select p.oid from pg_catalog.pg_proc p
        where p.pronamespace = 'kapok_log'::pg_catalog.regnamespace and p.proname !~ '^t_[a-z2-7]{26}(_steady|_rows)?$'
    loop
        execute pg_catalog.format('revoke all on routine %s from public', made);
    end loop;
end
$$;

-- Without them (a managed service) Kapok does so after each migration run, and every hour.
do $$
begin
    create event trigger kapok_change_1_ended on ddl_command_end execute function kapok_log.see_caller();
    create event trigger kapok_change_1_dropped on sql_drop execute function kapok_log.see_caller();
    create event trigger kapok_change_2_ended on ddl_command_end execute function kapok_log.ddl_ended();
    create event trigger kapok_change_2_dropped on sql_drop execute function kapok_log.ddl_dropped();
    -- Also where session_replication_role is replica.
    alter event trigger kapok_change_1_ended enable always;
    alter event trigger kapok_change_1_dropped enable always;
    alter event trigger kapok_change_2_ended enable always;
    alter event trigger kapok_change_2_dropped enable always;
exception when insufficient_privilege then
    raise warning 'kapok: this login may not create event triggers, so new tables enter the change log after each migration run';
end
$$;
