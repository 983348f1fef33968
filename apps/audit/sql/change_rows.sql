-- The change log: what writes a table's changes down. kapok_log is the platform's own schema: tenants have no rights in it,
-- not even to name what it holds.
--
-- Everything here runs with the platform's rights in sessions of tenants, so nothing in it may run what a tenant wrote:
-- all names and operators are qualified or found by a search_path of pg_catalog alone, columns are only ever named as
-- parts of a whole row, and rows whose types are not all PostgreSQL's own become JSON with the tenant's rights (a cast to
-- json may be the tenant's function).
create schema if not exists kapok_log;
revoke all on schema kapok_log from public;

-- An upgrade begins here: whatever functions an older Kapok had here are dropped, with the event triggers that call them, and
-- made by what follows. Sessions see the old ones until all is committed. The converters of tenants stay (make_converters).
do $$
declare
    old record; roles pg_catalog.text;
begin
    execute 'alter schema kapok_log owner to current_user';
    select pg_catalog.string_agg(a.grantee::pg_catalog.regrole::pg_catalog.text, ', ') into roles
    from pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) a
    where n.nspname = 'kapok_log' and a.grantee <> n.nspowner;
    if roles is not null then execute 'revoke all on schema kapok_log from ' || roles || ' cascade'; end if;
    for old in
        select e.evtname as name from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid
        where p.pronamespace = 'kapok_log'::pg_catalog.regnamespace or e.evtname like 'kapok\_change\_%'
    loop
        execute pg_catalog.format('drop event trigger %I', old.name);
    end loop;
    for old in
        select p.oid::pg_catalog.regprocedure as name from pg_catalog.pg_proc p
        where p.pronamespace = 'kapok_log'::pg_catalog.regnamespace and p.proname !~ '^t_[a-z2-7]{26}(_steady|_rows)?$'
    loop
        execute pg_catalog.format('drop routine %s', old.name);
    end loop;
end
$$;

-- Functions that make the triggers are plpgsql where sql would do: it keeps their plans for the session, while a function in
-- sql is planned anew in each statement that calls it.

-- The settings that the JSON of a column's values follows; {foreign} where making it may run other code than PostgreSQL's
-- own, or fail.
create function kapok_log.settings_of_type(type oid) returns text[] language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        with recursive part (oid) as (
            select $1
            union
            select case when t.typtype = 'd' then t.typbasetype when t.typcategory = 'A' then t.typelem else r.rngsubtype end
            from part join pg_type t on t.oid = part.oid left join pg_range r on t.oid in (r.rngtypid, r.rngmultitypid)
            where t.typtype in ('d', 'r', 'm') or t.typcategory = 'A' and t.typelem <> 0
        )
        select array_remove(array_agg(distinct case
            -- json may hold what jsonb cannot (\u0000, 1e999999).
            when t.typtype <> 'd' and t.typcategory <> 'A' and (t.oid >= 16384 or t.typtype = 'c' or t.typname = 'json') then 'foreign'
            when t.typtype in ('r', 'm') then 'DateStyle'
            when t.typname = 'timestamptz' then 'TimeZone'
            when t.typname = 'interval' then 'IntervalStyle'
            when t.typname = 'bytea' then 'bytea_output'
            when t.typname in ('float4', 'float8') then 'extra_float_digits'
        end), null)
        from part join pg_type t on t.oid = part.oid
    );
end
$$;

create function kapok_log.has_event_triggers() returns boolean language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return (select count(*) = 4 from pg_event_trigger where evtname like 'kapok\_change\_%' and evtenabled = 'A');
end
$$;

-- What makes JSON of a table's rows, as SQL over %s, an expression that is the row. quick: right while the session's
-- settings are `steady` (a condition, null where none matters); always: whatever they are.
create function kapok_log.conversion(rel oid, out quick text, out steady text, out always text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    with needed (settings) as (
        select coalesce(array_agg(distinct s.name order by s.name), '{}')
        from (
            select distinct a.atttypid as oid from pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
        ) type
        cross join lateral unnest(kapok_log.settings_of_type(type.oid)) s (name)
    ),
    tenant (name) as (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1),
    quick (sql) as (
        -- Without event triggers a column's type could change before this is written anew.
        select case when 'foreign' = any (d.settings) or not kapok_log.has_event_triggers()
            then format('kapok_log.%I(%%s)', t.name) else 'pg_catalog.to_jsonb(%s)' end
        from needed d, tenant t
    ),
    steady (sql) as (
        select string_agg(format('pg_catalog.current_setting(%L) operator(pg_catalog.=) %L', v.name, v.value), ' and ' order by v.name)
        from (values ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'iso_8601'), ('extra_float_digits', '1'),
            ('bytea_output', 'hex')) v (name, value), needed d
        where v.name = any (d.settings) or d.settings && '{foreign}'
    )
    select q.sql, s.sql, case when s.sql is null then q.sql else format('case when %s then %s else kapok_log.%I(%%s) end', s.sql, q.sql, t.name || '_steady') end
    into quick, steady, always
    from steady s, tenant t, quick q;
end
$$;

-- A whole row from whatever it is called: columns may be named like anything.
create function kapok_log.json_of(conversion text, alias text, redact text[]) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if cardinality(redact) = 0 then return replace(conversion, '%s', alias); end if;
    -- Only columns the row has: what is redacted stays visible as such.
    return (
        select replace(conversion, '%s', alias) || format(' operator(pg_catalog.||) %L::pg_catalog.jsonb', jsonb_object_agg(c, '[redacted]'))
        from unnest(redact) c
    );
end
$$;

-- The columns of the primary key, in its order; none without one.
create function kapok_log.key_columns(rel oid) returns text[] language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select coalesce(array_agg(a.attname::text order by k.place), '{}')
        from pg_index i
        cross join lateral unnest(i.indkey) with ordinality k (attnum, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = $1 and i.indisprimary and k.place <= i.indnkeyatts
    );
end
$$;

-- Whether key columns may be read from the row itself instead of from its JSON: quicker, and the same.
create function kapok_log.is_plain_key(rel oid, key text[], redact text[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select kapok_log.has_event_triggers() and cardinality(key) between 1 and 40 and not key && redact and not exists (
            select from pg_attribute a where a.attrelid = $1 and a.attname = any (key) and cardinality(kapok_log.settings_of_type(a.atttypid)) > 0)
    );
end
$$;

-- {"column": value, ...} of some of the columns of a row that is JSON already.
create function kapok_log.part_of(whole text, columns text[]) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        -- A function takes a hundred arguments.
        select coalesce(string_agg(chunk.sql, ' operator(pg_catalog.||) ' order by chunk.number), 'null::pg_catalog.jsonb')
        from (
            select (c.place - 1) / 40 as number, 'pg_catalog.jsonb_build_object('
                || string_agg(format('%L::pg_catalog.text, %s operator(pg_catalog.->) %L', c.name, whole, c.name), ', ' order by c.place)
                || ')' as sql
            from unnest(columns) with ordinality c (name, place) group by 1
        ) chunk
    );
end
$$;

-- The first columns of every row, and what the settings of the transaction say of who acts. session_user cannot be faked;
-- kapok.actor and kapok.request_id can, by SQL that the project wrote itself.
create function kapok_log.context_of(schema text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select format($sql$pg_catalog.current_setting('kapok.actor', true),
        case when pg_catalog.strpos(pg_catalog.current_setting('request.jwt.claims', true), '"sid"') operator(pg_catalog.>) 0
            then pg_catalog.current_setting('request.jwt.claims', true)::pg_catalog.json operator(pg_catalog.->>) 'sid' end,
        pg_catalog.current_setting('kapok.request_id', true),
        case when pg_catalog.starts_with(session_user::pg_catalog.text, 'g_') then 'api'
            when session_user operator(pg_catalog.=) %L::pg_catalog.name then 'owner' else 'platform' end$sql$, schema || '_owner')
$$;

-- The body of the function that writes down what happens to one table; null where nothing is to be written.
-- name: what the table is called in the log. by_row: of a table that takes part in inheritance, whose children have columns
-- that transition tables leave out.
create function kapok_log.body_of(rel oid, schema text, name text, mode text, redact text[], by_row boolean, parts boolean)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    key text[] := kapok_log.key_columns(rel);
    made record := kapok_log.conversion(rel);
    conversion text := made.always;
    target text := format('insert into %I.kapok_change_now (table_name, op, key, before, after, actor, session_id, request_id, source)',
        schema);
    context text := kapok_log.context_of(schema);
    old_key text := kapok_log.part_of('o.kapok_row', key);
    new_key text := kapok_log.part_of('n.kapok_row', key);
    old_image text := case mode when 'full' then 'o.kapok_row' else 'null::pg_catalog.jsonb' end;
    new_image text := case mode when 'full' then 'n.kapok_row' else 'null::pg_catalog.jsonb' end;
    old_rows text := format('(select %s as kapok_row from kapok_old o offset 0) o', kapok_log.json_of(conversion, 'o.*', redact));
    new_rows text := format('(select %s as kapok_row from kapok_new n offset 0) n', kapok_log.json_of(conversion, 'n.*', redact));
    inserted text;
    deleted text;
    updated text;
    plain_key text;
    at_once text := '';
begin
    if by_row then
        old_rows := format('(select %s as kapok_row) o', kapok_log.json_of(conversion, 'old', redact));
        new_rows := format('(select %s as kapok_row) n', kapok_log.json_of(conversion, 'new', redact));
    end if;
    inserted := format(E'%s\n    select %L, ''insert'', %s, null, %s, %s\n    from %s;',
        target, name, new_key, new_image, context, new_rows);
    deleted := format(E'%s\n    select %L, ''delete'', %s, %s, null, %s\n    from %s;',
        target, name, old_key, old_image, context, old_rows);
    if not by_row and kapok_log.is_plain_key(rel, key, redact) then
        select 'pg_catalog.jsonb_build_object(' || string_agg(format('%L::pg_catalog.text, n.%I', c.name, c.name), ', ' order by c.place) || ')'
        into plain_key from unnest(key) with ordinality c (name, place);
        at_once := format(E'if tg_op operator(pg_catalog.=) ''INSERT''%s then\n    %s\n    select %L, ''insert'', %s, null, %s, %s\n    from kapok_new n;\n    els',
            ' and ' || made.steady, target, name, plain_key,
            case mode when 'full' then kapok_log.json_of(made.quick, 'n.*', redact) else 'null::pg_catalog.jsonb' end, context);
    end if;
    if mode = 'keys' then
        old_image := format('case when %1$s operator(pg_catalog.<>) %2$s then %1$s end', old_key, new_key);
        new_image := format('case when %1$s operator(pg_catalog.<>) %2$s then %2$s end', old_key, new_key);
    end if;
    if by_row then
        updated := format(E'if old operator(pg_catalog.*<>) new then\n    %s\n    select %L, ''update'', %s, %s, %s, %s\n    from %s, %s;\n    end if;',
            target, name, old_key, old_image, new_image, context, old_rows, new_rows);
    else
        -- The two tables hold the rows of the same update at the same place. A full join is never a nested loop, whatever
        -- number of rows this was planned for, as long as the condition would let rows without partner through.
        updated := format(E'%s\n    select %L, ''update'', %s, %s, %s, %s\n    from (select pg_catalog.row_number() over () as place, row(o.*) as image, %s as kapok_row from kapok_old o) o\n    full join (select pg_catalog.row_number() over () as place, row(n.*) as image, %s as kapok_row from kapok_new n) n\n        on o.place operator(pg_catalog.=) n.place\n    where (o.image operator(pg_catalog.*<>) n.image) is not false\n    order by o.place;',
            target, name, old_key, old_image, new_image, context,
            kapok_log.json_of(conversion, 'o.*', redact), kapok_log.json_of(conversion, 'n.*', redact));
    end if;
    if parts then
        -- A row that was to move to another partition and was turned away there is gone: old, but not new.
        updated := format(E'if (select pg_catalog.count(*) from kapok_old) operator(pg_catalog.=) (select pg_catalog.count(*) from kapok_new) then\n    %s\n    else\n    %s\n    %s\n    end if;',
            updated, deleted, inserted);
    end if;
    return format(E'\nbegin\n    %sif tg_op operator(pg_catalog.=) ''INSERT'' then\n    %s\n    elsif tg_op operator(pg_catalog.=) ''UPDATE'' then\n    %s\n    elsif tg_op operator(pg_catalog.=) ''DELETE'' then\n    %s\n    else\n    %s\n    select tg_table_name::pg_catalog.text, ''truncate'', null, null,\n        case when tg_table_name::pg_catalog.text operator(pg_catalog.<>) %L then pg_catalog.jsonb_build_object(''partition of'', %L::pg_catalog.text) end, %s;\n    end if;\n    return null;\nend\n',
        at_once, inserted, updated, deleted, target, name, name, context);
end
$$;
