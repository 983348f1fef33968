-- One schema's catalog as one JSON document, in one round trip. $1: schema name; $2: role whose privileges count.
-- {"tables": [...], "types": [...], "functions": [...]}, null and false members left out; kapok.catalog.parse reads it.
-- PostgreSQL 14 to 18: columns of newer versions are read through to_jsonb(row), which is null where they do not exist.
-- pg_class and pg_proc have no index that begins with the namespace; pg_depend has one (refclassid, refobjid), and every
-- relation and function depends on its schema. So the time follows the schema's size, not the number of tenants.
-- Everything is qualified: a search_path with the project's own functions in it must not change what this reads.
with recursive
schema as materialized (
  select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::pg_catalog.name
),
-- What lives in the schema, except what an extension brought and Kapok's own.
member as materialized (
  select distinct d.classid, d.objid, s.oid as schema
  from schema s
  join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = s.oid
  where d.classid in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = d.classid and e.objid = d.objid and e.objsubid = 0 and e.deptype = 'e'
    )
),
relation as materialized (
  select c.oid, c.relname, c.relkind, c.relrowsecurity, c.reltuples
  from member m
  join pg_catalog.pg_class c on c.oid = m.objid and c.relnamespace = m.schema
  where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not c.relispartition
    and not pg_catalog.starts_with(c.relname::pg_catalog.text, 'kapok_')
    and pg_catalog.has_any_column_privilege($2::pg_catalog.name, c.oid, 'SELECT')
),
attribute as materialized (
  select a.attrelid, a.attnum, a.attname, a.atttypid, a.attidentity, a.attgenerated, a.attcollation,
    -- PostgreSQL 18 has NOT NULL constraints that are not yet validated: existing rows may hold nulls.
    a.attnotnull and not exists (
      select from pg_catalog.pg_constraint n
      where n.conrelid = a.attrelid and n.contype = 'n' and not n.convalidated and a.attnum = any (n.conkey)
    ) as not_null,
    a.atthasdef or t.typdefault is not null as has_default
  from relation r
  join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  where pg_catalog.has_column_privilege($2::pg_catalog.name, r.oid, a.attnum, 'SELECT')
),
function as materialized (
  select p.*, coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]) as types
  from member m
  join pg_catalog.pg_proc p on p.oid = m.objid and p.pronamespace = m.schema
  join pg_catalog.pg_type r on r.oid = p.prorettype
  where m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and p.prokind = 'f'
    and p.provariadic = 0
    and not pg_catalog.starts_with(p.proname::pg_catalog.text, 'kapok_')
    and (r.typtype <> 'p' or r.oid in ('pg_catalog.void'::pg_catalog.regtype, 'pg_catalog.record'::pg_catalog.regtype))
    -- Neither polymorphic nor internal: every argument's type is a real one.
    and not exists (
      select from pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[])) a (oid)
      join pg_catalog.pg_type t on t.oid = a.oid
      where t.typtype = 'p'
    )
    and pg_catalog.has_function_privilege($2::pg_catalog.name, p.oid, 'EXECUTE')
),
-- The types of columns, arguments and results, and what those are built of.
used (oid) as (
  select seed.oid from (
    select a.atttypid as oid from attribute a
    union select f.prorettype from function f
    union select pg_catalog.unnest(f.types) from function f
  ) seed
  union
  select part.oid
  from used u
  join pg_catalog.pg_type t on t.oid = u.oid
  cross join lateral (
    select e.oid from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid
    union all select t.typbasetype where t.typtype = 'd'
    union all select g.rngsubtype from pg_catalog.pg_range g where t.typtype = 'r' and g.rngtypid = t.oid
    union all select g.rngtypid from pg_catalog.pg_range g where t.typtype = 'm' and g.rngmultitypid = t.oid
    union all
    select a.atttypid from pg_catalog.pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part
),
column_json as (
  select a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', a.atttypid::pg_catalog.int8,
      'not_null', nullif(a.not_null, false),
      'default', nullif(a.has_default, false),
      'identity', nullif(a.attidentity, ''),
      'generated', nullif(a.attgenerated <> '', false),
      'comment', d.description
    ) order by a.attnum) as json
  from attribute a
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.objoid = a.attrelid and d.objsubid = a.attnum
  group by a.attrelid
),
-- Primary keys, unique constraints and unique indexes are all indexes; those that say "at most one row" of plain columns.
key_json as (
  select i.indrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', x.relname,
      'columns', k.columns,
      'primary', nullif(i.indisprimary, false),
      'comment', d.description
    ) order by x.relname) as json
  from relation r
  join pg_catalog.pg_index i on i.indrelid = r.oid
    and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  join pg_catalog.pg_class x on x.oid = i.indexrelid
  left join pg_catalog.pg_constraint c on c.conrelid = r.oid and c.conindid = i.indexrelid and c.contype in ('p', 'u')
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    and d.objoid = c.oid and d.objsubid = 0
  cross join lateral (
    -- Under another collation the index may hold values apart that the column's own equality takes for one.
    select pg_catalog.json_agg(a.attname order by n.place) as columns,
      pg_catalog.bool_and(a.attcollation = i.indcollation[n.place]) as same_collation
    from pg_catalog.generate_series(0, i.indnkeyatts - 1) n (place)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[n.place]
  ) k
  where k.same_collation
  group by i.indrelid
),
foreign_key_json as (
  select c.conrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', c.conname,
      'columns', k.columns,
      'target', t.relname,
      'target_columns', k.target_columns,
      -- NOT VALID, or NOT ENFORCED (PostgreSQL 18): rows may point nowhere.
      'unchecked', nullif(not c.convalidated or coalesce((e.extra ->> 'conenforced') = 'false', false), false),
      'comment', d.description
    ) order by c.conname) as json
  from relation r
  join pg_catalog.pg_constraint c on c.conrelid = r.oid and c.contype = 'f' and c.conparentid = 0
  join relation t on t.oid = c.confrelid
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    and d.objoid = c.oid and d.objsubid = 0
  cross join lateral (select pg_catalog.to_jsonb(c) as extra) e
  cross join lateral (
    select pg_catalog.json_agg(a.attname order by n.place) as columns,
      pg_catalog.json_agg(b.attname order by n.place) as target_columns
    from pg_catalog.generate_series(1, pg_catalog.cardinality(c.conkey)) n (place)
    join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[n.place]
    join pg_catalog.pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[n.place]
  ) k
  -- FOREIGN KEY ... PERIOD (PostgreSQL 18) meets by overlap, not by equality.
  where coalesce((e.extra ->> 'conperiod') = 'false', true)
  group by c.conrelid
),
table_json as (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', r.relname,
      'kind', r.relkind,
      'row_security', nullif(r.relrowsecurity, false),
      'rows', greatest(r.reltuples, 0)::pg_catalog.int8,
      'comment', d.description,
      'columns', c.json,
      'keys', k.json,
      'foreign_keys', f.json
    ) order by r.relname) as json
  from relation r
  join column_json c on c.attrelid = r.oid
  left join key_json k on k.indrelid = r.oid
  left join foreign_key_json f on f.conrelid = r.oid
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.objoid = r.oid and d.objsubid = 0
),
type_json as (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::pg_catalog.int8,
      'schema', nullif(n.nspname, $1::pg_catalog.name),
      'name', t.typname,
      'kind', case when e.oid is not null then 'a' else t.typtype end,
      'element', coalesce(e.oid, nullif(t.typbasetype, 0), g.rngsubtype, m.rngtypid)::pg_catalog.int8,
      'not_null', nullif(t.typnotnull, false),
      'row', nullif(c.relkind <> 'c', false),
      'labels', (select pg_catalog.json_agg(l.enumlabel order by l.enumsortorder)
        from pg_catalog.pg_enum l where t.typtype = 'e' and l.enumtypid = t.oid),
      'attributes', (
        select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'type', a.atttypid::pg_catalog.int8)
          order by a.attnum)
        from pg_catalog.pg_attribute a
        where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ),
      'comment', case when n.nspname <> 'pg_catalog' then d.description end
    ) order by n.nspname = $1::pg_catalog.name, n.nspname, t.typname) as json
  from used u
  join pg_catalog.pg_type t on t.oid = u.oid
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
  left join pg_catalog.pg_range g on t.typtype = 'r' and g.rngtypid = t.oid
  left join pg_catalog.pg_range m on t.typtype = 'm' and m.rngmultitypid = t.oid
  left join pg_catalog.pg_class c on t.typtype = 'c' and c.oid = t.typrelid
  left join pg_catalog.pg_description d on d.objsubid = 0 and case when c.relkind <> 'c'
    then d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objoid = c.oid
    else d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objoid = t.oid end
),
function_json as (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', f.proname,
      'types', f.types::pg_catalog.int8[],
      'modes', f.proargmodes,
      'names', f.proargnames,
      'defaults', nullif(f.pronargdefaults, 0),
      'returns', f.prorettype::pg_catalog.int8,
      'set', nullif(f.proretset, false),
      'volatility', f.provolatile,
      'strict', nullif(f.proisstrict, false),
      'comment', d.description
    ) order by f.proname, pg_catalog.pg_get_function_identity_arguments(f.oid)) as json
  from function f
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and d.objoid = f.oid and d.objsubid = 0
)
select pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
  'tables', (select t.json from table_json t),
  'types', (select t.json from type_json t),
  'functions', (select f.json from function_json f)
))::pg_catalog.text
