-- One schema's catalog as one JSON document, in one round trip. $1: schema name; $2: role whose privileges count.
-- {"tables": [...], "types": [...], "functions": [...], "reads": {...}}, null and false members left out; kapok.catalog.parse reads it.
--
-- PostgreSQL 14 to 18: columns of newer versions are read through to_jsonb(row), which is null where they do not exist.
-- The time follows the schema's size, not the number of tenants: pg_class and pg_proc have no index that begins with
-- the namespace, but pg_depend has one (refclassid, refobjid) and every relation and function depends on its schema;
-- from there every step is a look-up by oid, kept so by sub-queries that the planner cannot turn into scan and hash.
-- A search_path with the project's schema in it must not change what this reads, nor run the project's code: everything
-- is qualified, and operators get operands of exactly their types (oid = regclass would look for a better one there).
with recursive
-- What lives in the schema, except what an extension (e) or another object (i) brought. An expression can make an
-- object depend on a schema it does not live in, or twice on its own: hence the distinct and, below, the namespace.
member as materialized (
  select distinct d.classid, d.objid, n.oid as schema
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_depend d on d.refobjid = n.oid
    and d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
  where n.nspname = $1::pg_catalog.name
    and d.classid in (
      'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid,
      'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
    )
    and not exists (
      select from pg_catalog.pg_depend e
      where e.classid = d.classid and e.objid = d.objid and e.objsubid = 0 and e.deptype in ('e', 'i')
    )
),
relation as materialized (
  select c.oid, c.relname, c.relkind, c.relrowsecurity, c.reltuples, m.schema,
    pg_catalog.has_table_privilege($2::pg_catalog.name, c.oid, 'SELECT') as whole,
    pg_catalog.has_table_privilege($2::pg_catalog.name, c.oid, 'INSERT') as insertable,
    pg_catalog.has_table_privilege($2::pg_catalog.name, c.oid, 'UPDATE') as updatable
  from member m
  cross join lateral (select * from pg_catalog.pg_class r where r.oid = m.objid offset 0) c
  where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    and c.relnamespace = m.schema
    and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not c.relispartition
    and not pg_catalog.starts_with(c.relname::pg_catalog.text, 'kapok_')
    and pg_catalog.has_any_column_privilege($2::pg_catalog.name, c.oid, 'SELECT')
),
described as materialized (
  select r.*, a.json as columns, a.types
  from relation r
  cross join lateral (
    select pg_catalog.array_agg(distinct a.atttypid) as types, pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', a.attname,
        'type', a.atttypid::pg_catalog.int8,
        -- PostgreSQL 18 has NOT NULL constraints that are not yet validated: existing rows may hold nulls.
        'not_null', nullif(a.attnotnull and not exists (
          select from pg_catalog.pg_constraint n
          where n.conrelid = r.oid and n.contype = 'n' and not n.convalidated and a.attnum = any (n.conkey)
        ), false),
        'default', nullif(a.atthasdef or (
          select t.typdefault is not null from pg_catalog.pg_type t where t.oid = a.atttypid
        ), false),
        'identity', nullif(a.attidentity, ''),
        'generated', nullif(a.attgenerated <> '', false),
        'no_insert', nullif(not (
          r.insertable or pg_catalog.has_column_privilege($2::pg_catalog.name, r.oid, a.attnum, 'INSERT')
        ), false),
        'no_update', nullif(not (
          r.updatable or pg_catalog.has_column_privilege($2::pg_catalog.name, r.oid, a.attnum, 'UPDATE')
        ), false),
        'modifier', nullif(greatest(a.atttypmod, (
          select t.typtypmod from pg_catalog.pg_type t where t.oid = a.atttypid
        )), -1),
        'comment', (
          select d.description from pg_catalog.pg_description d
          where d.objoid = r.oid and d.objsubid = a.attnum
            and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        )
      ) order by a.attnum) as json
    from pg_catalog.pg_attribute a
    where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      and (r.whole or pg_catalog.has_column_privilege($2::pg_catalog.name, r.oid, a.attnum, 'SELECT'))
  ) a
  -- GraphQL has no type without fields.
  where a.json is not null
),
table_json as (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', r.relname,
      'kind', r.relkind,
      'row_security', nullif(r.relrowsecurity, false),
      'no_delete', nullif(not pg_catalog.has_table_privilege($2::pg_catalog.name, r.oid, 'DELETE'), false),
      'rows', greatest(r.reltuples, 0)::pg_catalog.int8,
      'comment', (
        select d.description from pg_catalog.pg_description d
        where d.objoid = r.oid and d.objsubid = 0
          and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
      ),
      'columns', r.columns,
      -- Primary keys, unique constraints and unique indexes are all indexes: those of plain columns, without predicate.
      'keys', (
        select pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', i.name,
            'columns', k.columns,
            'primary', nullif(i.indisprimary, false),
            -- ON CONFLICT takes no deferrable constraint, and none without overlaps (PostgreSQL 18).
            'no_arbiter', nullif(not i.indimmediate or i.indisexclusion, false),
            'comment', (
              select d.description from pg_catalog.pg_constraint c
              join pg_catalog.pg_description d on d.objoid = c.oid
              where c.conrelid = r.oid and c.conindid = i.indexrelid and c.contype in ('p', 'u')
                and d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid and d.objsubid = 0
            )
          ) order by i.name)
        from (
          select i.*, (select x.relname from pg_catalog.pg_class x where x.oid = i.indexrelid) as name
          from pg_catalog.pg_index i
          where i.indrelid = r.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
        ) i
        cross join lateral (
          -- An index under another collation may keep values apart that the column's own equality takes for one.
          select pg_catalog.json_agg(a.attname order by n.place) as columns,
            pg_catalog.bool_and(a.attcollation = i.indcollation[n.place] or (
              select o.collisdeterministic from pg_catalog.pg_collation o where o.oid = a.attcollation
            )) as is_key
          from pg_catalog.generate_series(0, i.indnkeyatts - 1) n (place)
          cross join lateral (
            select a.attname, a.attcollation from pg_catalog.pg_attribute a
            where a.attrelid = r.oid and a.attnum = i.indkey[n.place] offset 0
          ) a
        ) k
        where k.is_key
      ),
      'checks', (
        select pg_catalog.json_agg(pg_catalog.json_build_object('name', c.conname, 'columns', (
            select pg_catalog.json_agg(a.attname order by a.attnum) from pg_catalog.pg_attribute a
            where a.attrelid = r.oid and a.attnum = any (c.conkey)
          )) order by c.conname)
        from pg_catalog.pg_constraint c
        where c.conrelid = r.oid and c.contype = 'c'
      ),
      'foreign_keys', (
        select pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', c.conname,
            'columns', k.columns,
            'target', t.relname,
            'target_columns', k.target_columns,
            -- NOT VALID, or NOT ENFORCED (PostgreSQL 18): rows may point nowhere.
            'unchecked', nullif(
              not c.convalidated or coalesce((k.extra ->> 'conenforced'::pg_catalog.text) = 'false', false), false
            ),
            'comment', (
              select d.description from pg_catalog.pg_description d
              where d.objoid = c.oid and d.objsubid = 0
                and d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
            )
          ) order by c.conname)
        from pg_catalog.pg_constraint c
        cross join lateral (
          select t.relname, t.relnamespace from pg_catalog.pg_class t where t.oid = c.confrelid offset 0
        ) t
        cross join lateral (
          select pg_catalog.json_agg((
              select a.attname from pg_catalog.pg_attribute a
              where a.attrelid = c.conrelid and a.attnum = c.conkey[n.place]
            ) order by n.place) as columns,
            pg_catalog.json_agg((
              select a.attname from pg_catalog.pg_attribute a
              where a.attrelid = c.confrelid and a.attnum = c.confkey[n.place]
            ) order by n.place) as target_columns,
            pg_catalog.to_jsonb(c) as extra
          from pg_catalog.generate_series(1, pg_catalog.cardinality(c.conkey)) n (place)
        ) k
        where c.conrelid = r.oid and c.contype = 'f'
          -- Not the copies that Postgres makes for the partitions of a target.
          and c.conparentid = 0::pg_catalog.oid
          and t.relnamespace = r.schema
          -- FOREIGN KEY ... PERIOD (PostgreSQL 18) meets by overlap, not by equality.
          and coalesce((k.extra ->> 'conperiod'::pg_catalog.text) = 'false', true)
      )
    ) order by r.relname) as json
  from described r
),
function as materialized (
  select p.*, coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[]) as types
  from member m
  cross join lateral (select * from pg_catalog.pg_proc p where p.oid = m.objid offset 0) p
  where m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
    and p.pronamespace = m.schema
    and p.prokind = 'f'
    and p.provariadic = 0::pg_catalog.oid
    and not pg_catalog.starts_with(p.proname::pg_catalog.text, 'kapok_')
    and pg_catalog.has_function_privilege($2::pg_catalog.name, p.oid, 'EXECUTE')
    -- Neither polymorphic nor internal: every argument and the result has a real type, or is void or record.
    and (
      p.prorettype in (
        'pg_catalog.void'::pg_catalog.regtype::pg_catalog.oid, 'pg_catalog.record'::pg_catalog.regtype::pg_catalog.oid
      )
      or (select t.typtype <> 'p' from pg_catalog.pg_type t where t.oid = p.prorettype)
    )
    and not exists (
      select from pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::pg_catalog.oid[])) a (oid)
      where (select t.typtype = 'p' from pg_catalog.pg_type t where t.oid = a.oid)
    )
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
      'comment', (
        select d.description from pg_catalog.pg_description d
        where d.objoid = f.oid and d.objsubid = 0
          and d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
      )
    ) order by f.proname, f.types) as json
  from function f
),
-- The types of columns, arguments and results, and what those are built of.
used (oid) as (
  select seed.oid from (
    select pg_catalog.unnest(r.types) as oid from described r
    union select f.prorettype from function f
    union select pg_catalog.unnest(f.types) from function f
  ) seed
  union
  select part.oid
  from used u
  cross join lateral (select * from pg_catalog.pg_type t where t.oid = u.oid offset 0) t
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
type_json as (
  select pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::pg_catalog.int8,
      'schema', nullif(t.schema, $1::pg_catalog.name),
      'name', t.typname,
      'kind', case when t.array_of is not null then 'a' else t.typtype end,
      'element', coalesce(
        t.array_of,
        nullif(t.typbasetype, 0::pg_catalog.oid),
        (select g.rngsubtype from pg_catalog.pg_range g where t.typtype = 'r' and g.rngtypid = t.oid),
        (select g.rngtypid from pg_catalog.pg_range g where t.typtype = 'm' and g.rngmultitypid = t.oid)
      )::pg_catalog.int8,
      'not_null', nullif(t.typnotnull, false),
      'row', nullif(t.row_kind <> 'c', false),
      'labels', (
        select pg_catalog.json_agg(l.enumlabel order by l.enumsortorder)
        from pg_catalog.pg_enum l where t.typtype = 'e' and l.enumtypid = t.oid
      ),
      'attributes', (
        select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'type', a.atttypid::pg_catalog.int8)
          order by a.attnum)
        from pg_catalog.pg_attribute a
        where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ),
      'comment', (
        select d.description from pg_catalog.pg_description d
        where t.schema <> 'pg_catalog' and d.objsubid = 0
          and d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid and d.objoid = t.oid
      )
    ) order by t.schema = $1::pg_catalog.name, t.schema, t.typname) as json
  -- Through an array, because the planner guesses thousands of rows for a recursive term and ten for an array.
  from pg_catalog.unnest(array(select u.oid from used u)) u (oid)
  cross join lateral (
    select t.*,
      (select n.nspname from pg_catalog.pg_namespace n where n.oid = t.typnamespace) as schema,
      (select e.oid from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid) as array_of,
      (select c.relkind from pg_catalog.pg_class c where t.typtype = 'c' and c.oid = t.typrelid) as row_kind
    from pg_catalog.pg_type t where t.oid = u.oid offset 0
  ) t
),
-- What reading one thing reads beside it: {name: [names]}, functions as `name()`. Of views, policies and functions with an
-- SQL body (begin atomic) Postgres knows; of functions whose body is a text it does not.
thing as materialized (
  select m.classid, m.objid, c.relname::pg_catalog.text as name, c.relkind, c.relrowsecurity, c.relispartition
  from member m
  cross join lateral (select * from pg_catalog.pg_class r where r.oid = m.objid offset 0) c
  where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    and c.relnamespace = m.schema
    and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not pg_catalog.starts_with(c.relname::pg_catalog.text, 'kapok_')
  union all
  select m.classid, m.objid, pg_catalog.concat(p.proname, '()'), null, false, false
  from member m
  cross join lateral (select * from pg_catalog.pg_proc p where p.oid = m.objid offset 0) p
  where m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
    and p.pronamespace = m.schema
    and not pg_catalog.starts_with(p.proname::pg_catalog.text, 'kapok_')
),
beneath (name, classid, objid) as (
  select t.name, d.refclassid, d.refobjid
  from thing t
  cross join lateral (
    select d.refclassid, d.refobjid from pg_catalog.pg_depend d
    where t.relkind is null and d.classid = t.classid and d.objid = t.objid
    union all
    select d.refclassid, d.refobjid
    from pg_catalog.pg_rewrite w
    join pg_catalog.pg_depend d on d.objid = w.oid
      and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
    where t.relkind in ('v', 'm') and w.ev_class = t.objid
    union all
    select d.refclassid, d.refobjid
    from pg_catalog.pg_policy y
    join pg_catalog.pg_depend d on d.objid = y.oid
      and d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid
    where t.relrowsecurity and y.polrelid = t.objid
    union all
    -- A table's rows are those of its children too, and a partition's are its table's.
    select t.classid, i.inhrelid from pg_catalog.pg_inherits i where t.relkind in ('r', 'p', 'f') and i.inhparent = t.objid
    union all
    select t.classid, i.inhparent from pg_catalog.pg_inherits i where t.relispartition and i.inhrelid = t.objid
    offset 0
  ) d
),
reads_json as (
  select pg_catalog.json_object_agg(b.name, b.names order by b.name) as json
  from (
    select b.name, pg_catalog.json_agg(distinct t.name order by t.name) as names
    from beneath b
    join thing t on t.classid = b.classid and t.objid = b.objid
    where t.name <> b.name
    group by b.name
  ) b
)
select pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
  'tables', (select t.json from table_json t),
  'types', (select t.json from type_json t),
  'functions', (select f.json from function_json f),
  'reads', (select r.json from reads_json r)
))::pg_catalog.text
