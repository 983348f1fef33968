with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = 1
-- $2 = x
-- $3 = X

with s as materialized (
  select 1 as n, (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v0, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v1
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."labels" t1
    where t1."name" = $1::"pg_catalog"."text") t2 on true), w as (insert into "schema"."post_labels" as t3 ("post_id", "label_id")
  select s.v0, s.v1
  from s
  order by s.n on conflict do nothing returning 1 as one)
select (
  select count(*)::text
  from w)
-- $1 = news

with s as materialized (
  select 2 as n, (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v0, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 2)::"pg_catalog"."int4") as v1
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."labels" t1
    where t1."id" = $1::"pg_catalog"."int4") t2 on true), w as (insert into "schema"."post_labels" as t3 ("post_id", "label_id")
  select s.v0, s.v1
  from s
  order by s.n on conflict do nothing returning 1 as one)
select (
  select count(*)::text
  from w)
-- $1 = 2

with w as (insert into "schema"."labels" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = new

with w as (insert into "schema"."post_labels" as t1 ("post_id", "label_id") values ((current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4", (current_setting('kapok.w1')::jsonb #>> '{0,1}')::"pg_catalog"."int4") on conflict do nothing returning 1 as "kapok.n")
select (
  select count(*)::text
  from w)

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"labels":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || ',"name":' || coalesce(to_json(t1.c1)::text, 'null') || '}', ','), ']')
    from (
      select t2."id" as c0, t2."name" as c1
      from "schema"."labels" t2 join "schema"."post_labels" t3 on t3."label_id" = t2."id"
      where t3."post_id" = t0."id"
      order by t2."id"
      limit $1::"pg_catalog"."int8") t1) || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- $1 = 1000
-- cost 6
