with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text") on conflict ("slug") do nothing returning 1 as "kapok.n")
select 
-- $1 = 2
-- $2 = one
-- $3 = X

with w as (
  select 1 as "kapok.n", t1."id" as "id"
  from "schema"."posts" t1
  where t1."slug" = $1::"pg_catalog"."text")
select (
  select "kapok"."refuse"('KP006', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = one

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"authorId":' || coalesce('"' || t0."author_id"::text || '"', 'null') || ',"title":' || coalesce(to_json(t0."title")::text, 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 2
