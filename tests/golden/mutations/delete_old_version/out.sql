with w as (delete
  from "schema"."comments" as t1
  where t1."id" = $1::"pg_catalog"."int4" and t1.xmin::text = $2::"pg_catalog"."text" returning 1 as "kapok.n")
select (
  select "kapok"."refuse"('KP003', '0:' || 1)
  from "schema"."comments" t2
  where t2."id" = $1::"pg_catalog"."int4" and not exists (
    select
    from w)
  limit 1), (exists (
    select
    from w))::text
-- $1 = 1
-- $2 = 1
-- cost 1
