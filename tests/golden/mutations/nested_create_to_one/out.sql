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

with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
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
-- $1 = Di

with w as (insert into "schema"."posts" as t1 ("slug", "title", "author_id", "editor_id") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4", (current_setting('kapok.w1')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w2', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = x
-- $2 = X

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"authorId":' || coalesce('"' || t0."author_id"::text || '"', 'null') || ',"editorId":' || coalesce('"' || t0."editor_id"::text || '"', 'null') || ',"author":' || coalesce((
      select '{"id":' || coalesce('"' || t1."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || ',"editor":' || coalesce((
      select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
      from "schema"."authors" t2
      where t2."id" = t0."editor_id"), 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w2')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 6
