-- The change log: the tables of one tenant, one for each quarter, and the functions that make JSON with the tenant's rights.

-- Make, in a tenant's schema, the log and the table of what is written down of which table ('' stands for all others).
-- kapok_change itself stays empty: it stands for what inherits from it. Rows are written into kapok_change_now, which is no
-- partition: to find one for each row, or to check that it is the right one, costs a write more than its index.
create function kapok_log.make(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform kapok_log.make_change(schema);
    perform kapok_log.make_now(schema);
    execute format($sql$
        create table %1$I.kapok_change_mode (table_name text primary key, mode text not null, redact text[] not null default '{}');
        revoke all on %1$I.kapok_change_mode from public;
    $sql$, schema);
end
$$;

create function kapok_log.make_change(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    execute format($sql$
        create table %1$I.kapok_change (
            position bigint generated always as identity,
            xid xid8 not null default pg_current_xact_id(),
            at timestamptz not null default clock_timestamp(),
            table_name text,
            op text not null,
            key jsonb,
            before jsonb,
            after jsonb,
            actor text,
            session_id text,
            request_id text,
            source text not null
        );
        create index kapok_change_commits on %1$I.kapok_change (xid, position);
        revoke all on %1$I.kapok_change from public;
        create trigger kapok_append_only before update or delete on %1$I.kapok_change
            for each statement execute function public.kapok_append_only();
        create trigger kapok_no_truncate before truncate on %1$I.kapok_change
            for each statement execute function public.kapok_append_only();
        alter table %1$I.kapok_change enable always trigger kapok_append_only, enable always trigger kapok_no_truncate;
    $sql$, schema);
end
$$;

-- Until the evening of 2026-11-21 kapok_change was partitioned. Out: such a log as it is made now, with the rows it has.
create function kapok_log.leave_partitions(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    log regclass := to_regclass(format('%I.kapok_change', schema));
    quarter text := to_char(now(), '"kapok_change_"YYYY"q"Q');
    part record; is_empty bool; last bigint; kept regclass[] := '{}'; goes_on bool := false;
begin
    if not exists (select from pg_class c where c.oid = log and c.relkind = 'p') then return; end if;
    execute format('lock table %s in access exclusive mode', log);
    for part in
        select c.oid::regclass as rel, c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = log
    loop
        execute format('select not exists (select from %s)', part.rel) into is_empty;
        execute format('alter table %s detach partition %s', log, part.rel);
        if is_empty then
            execute format('drop table %s', part.rel);
        else
            kept := kept || part.rel;
            -- What is being written goes on in kapok_change_now.
            if part.name = quarter then
                goes_on := true;
                execute format('alter table %s rename to kapok_change_now', part.rel);
            end if;
        end if;
    end loop;
    execute format('select nextval(%L)', format('%I.kapok_change_position_seq', schema)) into last;
    execute format('drop table %s', log);
    perform kapok_log.make_change(schema);
    execute format('select setval(%L, %s)', format('%I.kapok_change_position_seq', schema), last);
    foreach log in array kept loop
        execute format('alter table %s inherit %I.kapok_change', log, schema);
    end loop;
    if goes_on then
        execute format('alter table %1$I.kapok_change_now alter position set default nextval(%2$L)',
            schema, format('%I.kapok_change_position_seq', schema));
    else
        perform kapok_log.make_now(schema);
    end if;
end
$$;

create function kapok_log.make_now(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set client_min_messages = warning as $$
begin
    execute format($sql$
        create table %1$I.kapok_change_now (position bigint default nextval(%2$L)) inherits (%1$I.kapok_change);
        create index on %1$I.kapok_change_now (xid, position);
        revoke all on %1$I.kapok_change_now from public;
    $sql$, schema, format('%I.kapok_change_position_seq', schema));
end
$$;

-- Once a quarter is over, what was written goes on under the quarter's name, kapok_change_2026q3, and kapok_change_now begins
-- anew. Waits for whoever writes, as long as lock_timeout says, and they for it. A table named so holds nothing older, but
-- may hold what was written until this was called. Where something else is called that, kapok_change_2026q3_2, and so on.
create function kapok_log.end_quarter(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    first timestamptz; is_over bool; quarter text; name text; number int := 1;
begin
    execute format('select n.at from %I.kapok_change_now n order by n.xid, n.position limit 1', schema) into first;
    is_over := first < date_trunc('quarter', now());
    if is_over then
        quarter := to_char(first, '"kapok_change_"YYYY"q"Q');
        name := quarter;
        while to_regclass(format('%I.%I', schema, name)) is not null or to_regtype(format('%I.%I', schema, name)) is not null loop
            number := number + 1;
            name := format('%s_%s', quarter, number);
        end loop;
        execute format('alter table %1$I.kapok_change_now rename to %2$I', schema, name);
        perform kapok_log.make_now(schema);
    end if;
end
$$;

-- kapok_log.<schema>(row): the row as JSON, made with the rights of the tenant's role, which cannot name this function and
-- so not change it. What jsonb cannot hold becomes a string. <schema>_steady does so whatever the session's settings are.
create function kapok_log.make_converters(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name text; steady text; settings text[]; made regprocedure;
    body text := $body$
declare
    part record;
    made pg_catalog.jsonb := '{}';
begin
    begin
        return pg_catalog.to_jsonb(kapok_row);
    exception when others then
        -- json_each refuses the escapes that jsonb refuses: they become text.
        for part in select e.key, e.value from pg_catalog.json_each(pg_catalog.regexp_replace(
            pg_catalog.row_to_json(kapok_row)::pg_catalog.text, '(?<!\\)((?:\\\\)*)\\u', '\1\\\\u', 'g')::pg_catalog.json) e loop
            begin
                made := made operator(pg_catalog.||) pg_catalog.jsonb_build_object(part.key, part.value::pg_catalog.jsonb);
            exception when others then
                made := made operator(pg_catalog.||) pg_catalog.jsonb_build_object(part.key, part.value::pg_catalog.text);
            end;
        end loop;
        return made;
    end;
end
$body$;
begin
    foreach name in array array[schema, schema || '_steady'] loop
        steady := case when name = schema then '' else
            'set timezone = ''UTC'' set datestyle = ''ISO, MDY'' set intervalstyle = ''iso_8601'' set extra_float_digits = 1 set bytea_output = ''hex''' end;
        settings := case when name = schema then '{}' else
            array['TimeZone=UTC', 'DateStyle=ISO, MDY', 'IntervalStyle=iso_8601', 'extra_float_digits=1', 'bytea_output=hex'] end;
        made := kapok_log.of_owner(format('kapok_log.%I(record)', name), schema);
        continue when kapok_log.is_made_so(made, body, settings);
        execute format('create or replace function kapok_log.%I(kapok_row record) returns jsonb language plpgsql stable security definer %s as %L', name, steady, body);
        perform kapok_log.keep_private(format('kapok_log.%I(record)', name)::regprocedure);
        if made is null then perform kapok_log.give_away(format('%I(record)', name), schema); end if;
    end loop;
end
$$;

-- kapok_log.<schema>_rows(null::table): the rows of a table, read with the rights of the tenant's owner role. Whoever reads a
-- table runs functions of its owner: those that its indexes are made of, while the statement is planned; those of its policies.
create function kapok_log.make_reader(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name text := schema || '_rows';
    owner text := schema || '_owner';
    made regprocedure := kapok_log.of_owner(format('kapok_log.%I(anyelement)', name), owner);
    body text := $body$
begin
    return query execute pg_catalog.format('select * from only %s', pg_catalog.pg_typeof(kapok_row));
end
$body$;
begin
    if made is null or not kapok_log.is_made_so(made, body, array['search_path=pg_catalog, pg_temp', 'row_security=off']) then
        execute format('create or replace function kapok_log.%I(kapok_row anyelement) returns setof anyelement language plpgsql security definer
            set search_path = pg_catalog, pg_temp set row_security = off as %L', name, body);
        perform kapok_log.keep_private(format('kapok_log.%I(anyelement)', name)::regprocedure);
        if made is null then perform kapok_log.give_away(format('%I(anyelement)', name), owner); end if;
    end if;
end
$$;

-- A function that belongs to this role. Null: there is none; one that belonged to another role is dropped.
create function kapok_log.of_owner(signature text, role text) returns regprocedure
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    made regprocedure := to_regprocedure(signature);
begin
    if made is not null and not exists (select from pg_proc p where p.oid = made and pg_get_userbyid(p.proowner) = role) then
        execute format('drop routine %s', made);
        return null;
    end if;
    return made;
end
$$;

-- Only a superuser may give a function to a role that may create nothing where it stands.
create function kapok_log.give_away(signature text, role text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        perform pg_advisory_xact_lock(hashtextextended('kapok_log.give_away', 0));
        execute format('grant %I to current_user; grant create on schema kapok_log to %1$I', role);
        execute format('alter function kapok_log.%s owner to %I', signature, role);
        execute format('revoke create on schema kapok_log from %I', role);
    else
        execute format('alter function kapok_log.%s owner to %I', signature, role);
    end if;
end
$$;
