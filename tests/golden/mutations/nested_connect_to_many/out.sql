with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
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
-- $1 = Cy

with w as (update "schema"."posts" as t1 set "author_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4"
  where t1."slug" = $1::"pg_catalog"."text" returning 1 as "kapok.n")
select (
  select "kapok"."refuse"('KP002', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), (
  select count(*)::text
  from w)
-- $1 = one

with w as (update "schema"."posts" as t1 set "author_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4"
  where t1."id" = $1::"pg_catalog"."int4" returning 2 as "kapok.n")
select (
  select "kapok"."refuse"('KP002', '0:' || 2)
  where not exists (
    select
    from w)
  limit 1), (
  select count(*)::text
  from w)
-- $1 = 2

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"posts":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || ',"slug":' || coalesce(to_json(t1.c1)::text, 'null') || ',"authorId":' || coalesce('"' || t1.c2::text || '"', 'null') || '}', ','), ']')
    from (
      select t2."id" as c0, t2."slug" as c1, t2."author_id" as c2
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      order by t2."id"
      limit $1::"pg_catalog"."int8") t1) || '}'
  from "schema"."authors" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- $1 = 1000
-- cost 5
