-- The change log: its tables in a tenant's schema, and the triggers on the project's tables. Called by the platform, and by
-- the event triggers with the platform's rights.

-- What a relation should have. Null: it is no table of a project's. wanted: the triggers by name, with their pg_trigger.tgtype.
create function kapok_log.is_project_table(rel oid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select exists (
            select from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = $1 and c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname ~ '^t_[a-z2-7]{26}$'
                -- The platform's own tables in the schema, whatever a project calls its own.
                and not (starts_with(c.relname::text, 'kapok_')
                    and c.relowner = (select k.nspowner from pg_namespace k where k.nspname = 'kapok_log'))
        )
    );
end
$$;

-- Whether a schema has a log, and not a project's table of that name. An older Kapok's has none yet: its triggers go on until
-- protect_all has been there.
create function kapok_log.has_log(schema text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return exists (select from pg_class c join pg_namespace k on k.nspname = 'kapok_log' and k.nspowner = c.relowner
        where c.oid = to_regclass(quote_ident(schema) || '.kapok_change_now'));
end
$$;

-- Whether requests are let into a schema that has a log. Before that it is being set up, and what it begins with is
-- written down when it is opened.
create function kapok_log.is_open(schema text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select schema ~ '^t_[a-z2-7]{26}$' and kapok_log.has_log(schema)
            and exists (select from pg_roles where rolname = schema) and has_schema_privilege(schema, schema, 'usage')
    );
end
$$;

-- Write something into a tenant's log that is not a row's change.
create function kapok_log.note(schema text, name text, what jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    execute format('insert into %I.kapok_change_now (table_name, op, after, actor, session_id, request_id, source) select %L, ''ddl'', %L::jsonb, %s',
        schema, name, what, kapok_log.context_of(schema));
end
$$;

-- Give a table its triggers, or mend them. baseline: a table that has none yet is written down as it is, row by row. Out:
-- what was missing or wrong (null: nothing).
create function kapok_log.protect(rel oid, baseline boolean) returns text[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    schema text; relation text; kind "char"; name text; mode text; redact text[]; by_row boolean;
    writer text; body text; found text[]; wanted record; begun boolean := false; enabling text; made regprocedure;
begin
    if not kapok_log.is_project_table(rel) then return null; end if;
    select n.nspname, c.relname, c.relkind into schema, relation, kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = rel;
    -- A partition's rows are its table's.
    select r.relname into name from pg_partition_ancestors(rel) with ordinality a (relid, place)
    join pg_class r on r.oid = a.relid order by a.place desc limit 1;
    name := coalesce(name, relation);
    by_row := kind = 'r' and exists (
        select from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = rel or i.inhrelid = rel and not c.relispartition);
    select * into mode, redact from kapok_log.mode_of(schema, name, rel);
    writer := format('kapok_log_%s', rel);
    if mode <> 'off' then
        body := kapok_log.body_of(rel, schema, name, mode, redact, by_row, kind = 'p');
        perform kapok_log.make_way(schema, writer);
        made := to_regprocedure(format('%I.%I()', schema, writer));
        begun := made is null;
        if begun or not kapok_log.is_made_so(made, body, '{}') then
            execute format('create or replace function %I.%I() returns trigger language plpgsql security definer as %L', schema, writer, body);
            perform kapok_log.keep_private(format('%I.%I()', schema, writer)::regprocedure);
        end if;
    end if;
    for wanted in
        select * from kapok_log.triggers_of(rel, format('%I.%I', schema, writer), case when mode = 'off' then 'none' when by_row then 'row' else 'statement' end)
    loop
        found := found || wanted.name;
        if wanted.statements <> '' then execute wanted.statements; end if;
    end loop;
    if found is not null then
        select string_agg(format('enable always trigger %I', t.tgname), ', ') into enabling
        from pg_trigger t where t.tgrelid = rel and t.tgfoid = to_regprocedure(format('%I.%I()', schema, writer)) and t.tgenabled <> 'A';
        if enabling is not null then execute format('alter table %s %s', rel::regclass, enabling); end if;
    end if;
    -- Most tables of a new tenant are empty, and have no file to look into either.
    if begun and baseline and kind = 'r' and pg_relation_size(rel) > 0 then
        perform kapok_log.write_down(rel, schema, name, mode, redact);
    end if;
    return case when begun then array['new'] else found end;
end
$$;

-- Whether a function that was made here is still so: its body and settings, with its owner's rights, and nobody else's to call.
create function kapok_log.is_made_so(made regprocedure, body text, settings text[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select p.prosrc = body and p.prosecdef and coalesce(p.proconfig, '{}') = settings and p.proacl is not null
            and not exists (select from aclexplode(p.proacl) a where a.grantee <> p.proowner)
        from pg_proc p where p.oid = made
    );
end
$$;

-- Take a function from everybody but its owner.
create function kapok_log.keep_private(made regprocedure) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    roles text;
begin
    select string_agg(distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end, ', ') into roles
    from pg_proc p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.oid = made and a.grantee <> p.proowner;
    if roles is not null then execute format('revoke all on routine %s from %s cascade', made, roles); end if;
end
$$;

-- Drop what a project has called like the function that is to be made: replaced, it would still be its owner's, who could
-- replace it again.
create function kapok_log.make_way(schema text, writer text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    other oid;
begin
    for other in
        select p.oid from pg_proc p where p.pronamespace = to_regnamespace(quote_ident(schema)) and p.proname = writer
            and p.proowner <> (select k.nspowner from pg_namespace k where k.nspname = 'kapok_log')
    loop
        execute format('drop routine %s cascade', other::regprocedure);
    end loop;
end
$$;

-- The mode and the redacted columns of a table, by the project's settings.
create function kapok_log.mode_of(schema text, name text, rel oid, out mode text, out redact text[])
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    execute format($sql$
        select coalesce((select m.mode from %1$I.kapok_change_mode m where m.table_name = %2$L),
                (select m.mode from %1$I.kapok_change_mode m where m.table_name = ''), 'full'),
            coalesce((select array_agg(a.attname::text order by a.attnum) from pg_attribute a, %1$I.kapok_change_mode m
                where m.table_name = %2$L and a.attrelid = %3$s and a.attnum > 0 and not a.attisdropped
                    and a.attname = any (m.redact)), '{}')
    $sql$, schema, name, rel) into mode, redact;
end
$$;

-- What has to be done to a table's triggers: the name of each that is missing, wrong, switched off or too much, and the SQL
-- that makes or drops it.
create function kapok_log.triggers_of(rel oid, writer text, level text)
returns table (name text, statements text) language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    return query with wanted (name, type, event, tables) as (
        values ('kapok_insert', 4, 'insert', 'referencing new table as kapok_new'),
            ('kapok_update', 16, 'update', 'referencing old table as kapok_old new table as kapok_new'),
            ('kapok_delete', 8, 'delete', 'referencing old table as kapok_old'),
            ('kapok_truncate', 32, 'truncate', ''),
            ('kapok_rows', 29, 'insert or update or delete', '')
    ),
    wanted_here as (
        select * from wanted w where level <> 'none' and (w.name = 'kapok_truncate' or (level = 'row') = (w.name = 'kapok_rows'))
    ),
    present as (
        select t.*, t.tgfoid = to_regprocedure(writer || '()') as is_ours from pg_trigger t
        where t.tgrelid = rel and not t.tgisinternal
            and (t.tgfoid = to_regprocedure(writer || '()') or t.tgname in (select w.name from wanted w))
    ),
    right_ones as (
        select p.tgname from present p join wanted_here w on w.name = p.tgname and w.type = p.tgtype
        where p.is_ours and p.tgqual is null and p.tgconstraint = 0 and p.tgattr = ''::int2vector
            and coalesce(p.tgoldtable, '') = case when w.tables like '%kapok_old%' then 'kapok_old' else '' end
            and coalesce(p.tgnewtable, '') = case when w.tables like '%kapok_new%' then 'kapok_new' else '' end
    )
    select p.tgname::text, format('drop trigger %I on %s', p.tgname, rel::regclass)
    from present p where p.tgname not in (select r.tgname from right_ones r) and p.tgname not in (select w.name from wanted_here w)
    union all
    select w.name, coalesce((select format('drop trigger %I on %s;', p.tgname, rel::regclass) from present p where p.tgname = w.name), '')
        || format('create trigger %I after %s on %s %s for each %s execute function %s();',
            w.name, w.event, rel::regclass, w.tables, case when w.name = 'kapok_rows' then 'row' else 'statement' end, writer)
    from wanted_here w where w.name not in (select r.tgname from right_ones r)
    union all
    select r.tgname::text, ''
    from right_ones r join present p on p.tgname = r.tgname where p.tgenabled <> 'A';
end
$$;

-- What this session has set, for itself or for its transaction.
create function kapok_log.session_settings() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return (select string_agg(format('%s=%s', s.name, s.setting), ',' order by s.name) from pg_settings s where s.source = 'session');
end
$$;

-- Write down every row a table has as an insert. The tenant's functions may run there, with the tenant's rights; what they have
-- set would hold for the platform's next statements, search_path in those who called this: that is an error.
create function kapok_log.write_down(rel oid, schema text, name text, mode text, redact text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp set row_security = off as $$
declare
    is_ours bool; forced bool; rows text; settings text := kapok_log.session_settings();
begin
    select c.relowner = k.nspowner or r.rolsuper, c.relforcerowsecurity into is_ours, forced
    from pg_class c join pg_roles r on r.oid = c.relowner, pg_namespace k where c.oid = rel and k.nspname = 'kapok_log';
    -- Policies would hold for the owner, too, and hide rows.
    if forced then execute format('alter table %s no force row level security', rel::regclass); end if;
    if is_ours then
        rows := format('only %s', rel::regclass);
    else
        perform kapok_log.make_reader(schema);
        rows := format('kapok_log.%I(null::%s)', schema || '_rows', rel::regclass);
    end if;
    execute format('insert into %I.kapok_change_now (table_name, op, key, after, actor, session_id, request_id, source)
        select %L, ''insert'', %s, %s, %s from (select %s as kapok_row from %s n offset 0) n',
        schema, name, kapok_log.part_of('n.kapok_row', kapok_log.key_columns(rel)),
        case mode when 'full' then 'n.kapok_row' else 'null' end, kapok_log.context_of(schema),
        kapok_log.json_of((kapok_log.conversion(rel)).always, 'n.*', redact), rows);
    -- Until this is known, no name is looked for but in pg_catalog.
    if pg_catalog.current_setting('search_path') operator(pg_catalog.<>) 'pg_catalog, pg_temp' then
        raise insufficient_privilege using message = 'a function of the table has changed the search_path';
    end if;
    if settings <> kapok_log.session_settings() then
        raise insufficient_privilege using message = 'a function of the table has changed settings of the session';
    end if;
    if forced then execute format('alter table %s force row level security', rel::regclass); end if;
end
$$;

-- Every table of a schema. baseline: as in protect. Out: {table: what was missing or wrong}; it is also written down where
-- the schema is open.
create function kapok_log.protect_all(schema text, baseline boolean) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    rel record; mended text[]; report jsonb := '{}';
begin
    -- An upgrade, the hourly round and a migration run may all come at once.
    perform pg_advisory_xact_lock(hashtextextended('kapok_log.protect_all ' || schema, 0));
    perform set_config('kapok.protecting', 'on', true);
    perform kapok_log.leave_partitions(schema);
    if not kapok_log.has_log(schema) then
        raise undefined_table using message = format('the schema %s has no change log', schema);
    end if;
    perform kapok_log.make_converters(schema);
    for rel in
        -- pg_depend has an index that begins with the schema; pg_class has none.
        select c.oid, c.relname from pg_depend d join pg_class c on c.oid = d.objid
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(quote_ident(schema)) and d.classid = 'pg_class'::regclass
            and c.relkind in ('r', 'p')
        union
        select a.relid, c.relname from pg_depend d join pg_class p on p.oid = d.objid and p.relkind = 'p'
        cross join lateral pg_partition_tree(p.oid) a join pg_class c on c.oid = a.relid
        where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(quote_ident(schema)) and d.classid = 'pg_class'::regclass
        order by 2
    loop
        mended := kapok_log.protect(rel.oid, baseline);
        if mended is not null then
            report := report || jsonb_build_object(rel.relname, mended);
            if kapok_log.is_open(schema) then
                perform kapok_log.note(schema, rel.relname, jsonb_build_object('command', 'CHANGE LOG', 'mended', mended));
            end if;
        end if;
    end loop;
    perform kapok_log.forget_dropped(schema);
    perform set_config('kapok.protecting', '', true);
    return report;
end
$$;

-- Drop the functions of tables that are gone.
create function kapok_log.forget_dropped(schema text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    writer text;
begin
    for writer in
        select p.proname from pg_proc p
        where p.pronamespace = to_regnamespace(quote_ident(schema)) and p.proname ~ '^kapok_log_[0-9]+$'
            and case when p.proowner = (select k.nspowner from pg_namespace k where k.nspname = 'kapok_log')
                then not exists (select from pg_class c where c.oid = substr(p.proname, 11)::oid) end
            and not exists (select from pg_trigger t where t.tgfoid = p.oid)
    loop
        execute format('drop function %I.%I()', schema, writer);
    end loop;
end
$$;
