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

with w as (insert into "schema"."posts" as t1 ("slug", "title", "author_id") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 1 as "kapok.n", t1."id" as "id")
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
-- $1 = x
-- $2 = X

with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."text" as v0, (t1.v ->> 1)::"pg_catalog"."int4" as v1
  from unnest($1::"pg_catalog"."text"[]) with ordinality t0(c1, n) join jsonb_array_elements(current_setting('kapok.w1')::jsonb) t1(v) on true
  order by t0.n), w as (insert into "schema"."comments" as t2 ("body", "post_id")
  select s.v0, s.v1
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
  limit 1), left(set_config('kapok.w2', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(r."kapok.n", r."id"::text)
            from r) k(v)), '[]'))::text, true), 0)
-- $1 = {"ok",""}

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 5
