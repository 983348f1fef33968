with w as (update "schema"."posts" as t1 set "title" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" and t1.xmin::text = $3::"pg_catalog"."text" returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP003', '0:' || 1)
  from "schema"."posts" t2
  where t2."id" = $2::"pg_catalog"."int4" and not exists (
    select
    from w)
  limit 1), (
  select '{"id":' || coalesce('"' || t3."id"::text || '"', 'null') || '}'
  from w t3)
-- $1 = Changed
-- $2 = 1
-- $3 = 1
-- cost 2
