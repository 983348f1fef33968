with w as (update "schema"."posts" as t1 set "title" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id")
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = T
-- $2 = 2

with w as (update "schema"."comments" as t1 set "body" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" and t1."post_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" and current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."id" as "id")
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
-- $1 = Mine now
-- $2 = 1

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 3
