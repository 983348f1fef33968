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

with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."text" as v0, t0.c2::"pg_catalog"."text" as v1, (t1.v ->> 1)::"pg_catalog"."int4" as v2
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[]) with ordinality t0(c1, c2, n) join jsonb_array_elements(current_setting('kapok.w0')::jsonb) t1(v) on true
  order by t0.n), w as (insert into "schema"."posts" as t2 ("slug", "title", "author_id")
  select s.v0, s.v1, s.v2
  from s
  order by s.n returning t2."id" as "id"), r as (
  select a.*, b."kapok.n"
  from (
    select w.*, row_number() over () as "kapok.p"
    from w) a join (
    select n as "kapok.n", row_number() over (
      order by n) as "kapok.p"
    from s) b on a."kapok.p" = b."kapok.p")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(r."kapok.n", r."id"::text)
            from r) k(v)), '[]'))::text, true), 0)
-- $1 = {"x","y"}
-- $2 = {"X","Y"}

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
