with s as materialized (
  select 1 as n, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v0, $1::"pg_catalog"."int4" as v1
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."authors" t1
    where t1."id" = $1::"pg_catalog"."int4") t2 on true), w as (update "schema"."posts" as t3 set "editor_id" = s.v0
  from s
  where t3."id" = s.v1 returning s.n as "kapok.n", t3."id" as "id", t3."author_id" as "author_id")
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text, w."author_id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = 1

with w as (update "schema"."authors" as t1 set "name" = $1::"pg_catalog"."text"
  where t1."id" = (current_setting('kapok.w0')::jsonb #>> '{0,2}')::"pg_catalog"."int4" and current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP002', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Anna

select (
  select '{"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || ',"editor":' || coalesce((
      select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
      from "schema"."authors" t2
      where t2."id" = t0."editor_id"), 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 6
