with w as (
  select 1 as "kapok.n", t1."id" as "id"
  from "schema"."authors" t1
  where t1."id" = $1::"pg_catalog"."int4" for update of t1)
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = 1

with w as (update "schema"."profiles" as t1 set "motto" = $1::"pg_catalog"."text"
  where t1."author_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" and current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."author_id" as "author_id")
select (
  select "kapok"."refuse"('KP002', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."author_id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Back

select (
  select '{"profile":' || coalesce((
      select '{"motto":' || coalesce(to_json(t1."motto")::text, 'null') || '}'
      from "schema"."profiles" t1
      where t1."author_id" = t0."id"), 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 4
