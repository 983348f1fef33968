-- The change log: the tables of one tenant, their partitions, and the functions that make JSON with the tenant's rights.

-- Make, in a tenant's schema, the log and the table of what is written down of which table ('' stands for all others).
create function kapok_log.make(schema text) returns void
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
        ) partition by range (at);
        create table %1$I.kapok_change_rest partition of %1$I.kapok_change default;
        create index kapok_change_commits on %1$I.kapok_change (xid, position);
        create table %1$I.kapok_change_mode (table_name text primary key, mode text not null, redact text[] not null default '{}');
        revoke all on %1$I.kapok_change, %1$I.kapok_change_rest, %1$I.kapok_change_mode from public;
        create trigger kapok_append_only before update or delete on %1$I.kapok_change
            for each statement execute function public.kapok_append_only();
        create trigger kapok_no_truncate before truncate on %1$I.kapok_change
            for each statement execute function public.kapok_append_only();
        alter table %1$I.kapok_change enable always trigger kapok_append_only, enable always trigger kapok_no_truncate;
    $sql$, schema);
    perform kapok_log.make_partitions(schema);
end
$$;

-- The partition of this quarter, and 30 days before it ends that of the next: kapok_change_2026q4. Attached, so that nobody
-- waits for anybody.
create function kapok_log.make_partitions(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
    quarter timestamptz; name text;
begin
    for quarter in select distinct date_trunc('quarter', now() + make_interval(days => ahead)) from unnest(array[0, 30]) ahead loop
        name := to_char(quarter, '"kapok_change_"YYYY"q"Q');
        continue when to_regclass(format('%I.%I', schema, name)) is not null;
        execute format('create table %1$I.%2$I (like %1$I.kapok_change including defaults including constraints)', schema, name);
        execute format('alter table %1$I.kapok_change attach partition %1$I.%2$I for values from (%3$L) to (%4$L)',
            schema, name, quarter, quarter + interval '3 months');
    end loop;
end
$$;

-- kapok_log.<schema>(row): the row as JSON, made with the rights of the tenant's role, which cannot name this function and
-- so not change it. What jsonb cannot hold becomes a string. <schema>_steady does so whatever the session's settings are.
create function kapok_log.make_converters(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name text; steady text;
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
        continue when exists (select from pg_proc p join pg_roles r on r.oid = p.proowner where p.proname = name
            and p.pronamespace = 'kapok_log'::regnamespace and p.prosrc = body and p.prosecdef and r.rolname = schema);
        steady := case when name = schema then '' else
            'set timezone = ''UTC'' set datestyle = ''ISO, MDY'' set intervalstyle = ''iso_8601'' set extra_float_digits = 1 set bytea_output = ''hex''' end;
        if exists (select from pg_proc p where p.proname = name and p.pronamespace = 'kapok_log'::regnamespace) then
            execute format('drop function kapok_log.%I(record)', name);
        end if;
        execute format('create function kapok_log.%I(kapok_row record) returns jsonb language plpgsql stable security definer %s as %L', name, steady, body);
        execute format('revoke all on function kapok_log.%1$I(record) from public; grant execute on function kapok_log.%1$I(record) to current_user', name);
        perform kapok_log.give_away(name, schema);
    end loop;
end
$$;

-- Only a superuser may give a function to a role that may create nothing where it stands.
create function kapok_log.give_away(name text, role text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        perform pg_advisory_xact_lock(hashtextextended('kapok_log.give_away', 0));
        execute format('grant %I to current_user; grant create on schema kapok_log to %1$I', role);
        execute format('alter function kapok_log.%I(record) owner to %I', name, role);
        execute format('revoke create on schema kapok_log from %I', role);
    else
        execute format('alter function kapok_log.%I(record) owner to %I', name, role);
    end if;
end
$$;
