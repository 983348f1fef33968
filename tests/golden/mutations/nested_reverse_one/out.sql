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

with w as (insert into "schema"."profiles" as t1 ("motto", "author_id") values ($1::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 1 as "kapok.n", t1."author_id" as "author_id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."author_id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Hm

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"profile":' || coalesce((
      select '{"authorId":' || coalesce('"' || t1."author_id"::text || '"', 'null') || ',"motto":' || coalesce(to_json(t1."motto")::text, 'null') || '}'
      from "schema"."profiles" t1
      where t1."author_id" = t0."id"), 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 4
