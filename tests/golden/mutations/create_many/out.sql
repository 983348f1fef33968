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

with w as (insert into "schema"."authors" as t1 ("name", "age") values ($1::"pg_catalog"."text", $2::"pg_catalog"."int4") returning 2 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 2)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w0', (current_setting('kapok.w0')::jsonb || coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Di
-- $2 = 4

with w as (insert into "schema"."authors" as t1 ("name", "email") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text") returning 3 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 3)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w0', (current_setting('kapok.w0')::jsonb || coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Ed
-- $2 = null

select (
  select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"name":' || coalesce(to_json(t0.c1)::text, 'null') || ',"age":' || coalesce(t0.c2::text, 'null') || '}', ','), ']')
  from (
    select t2."id" as c0, t2."name" as c1, t2."age" as c2
    from jsonb_array_elements(current_setting('kapok.w0')::jsonb) t1(v) join "schema"."authors" t2 on t2."id" = (t1.v ->> 1)::"pg_catalog"."int4"
    order by (t1.v ->> 0)::"pg_catalog"."int4") t0)
-- cost 6
