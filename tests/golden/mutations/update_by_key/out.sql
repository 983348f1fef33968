with w as (update "schema"."posts" as t1 set "title" = $1::"pg_catalog"."text"
  where t1."slug" = $2::"pg_catalog"."text" returning 1 as "kapok.n", t1."id" as "id")
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = B
-- $2 = two

with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."int8" as v0, t0.c2::"pg_catalog"."int4" as v1
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[], $3::"pg_catalog"."int4"[]) t0(c1, c2, n)
  order by t0.n), w as (update "schema"."posts" as t1 set "views" = s.v0
  from s
  where t1."id" = s.v1 returning s.n as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP007', '0:' || t2.n)
  from (
    select max(s.n) as n
    from s
    group by s.v1 having count(*) > 1) t2
  limit 1), left(set_config('kapok.w0', (current_setting('kapok.w0')::jsonb || coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = {"3","3"}
-- $2 = {"1","99"}
-- $3 = {"2","3"}

select (
  select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"title":' || coalesce(to_json(t0.c1)::text, 'null') || ',"views":' || coalesce('"' || t0.c2::text || '"', 'null') || '}', ','), ']')
  from (
    select t2."id" as c0, t2."title" as c1, t2."views" as c2
    from jsonb_array_elements(current_setting('kapok.w0')::jsonb) t1(v) join "schema"."posts" t2 on t2."id" = (t1.v ->> 1)::"pg_catalog"."int4"
    order by (t1.v ->> 0)::"pg_catalog"."int4") t0)
-- cost 6
