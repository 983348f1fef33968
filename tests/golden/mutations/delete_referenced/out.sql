with w as (delete
  from "schema"."authors" as t1
  where t1."id" = $1::"pg_catalog"."int4" returning 1 as "kapok.n")
select (exists (
    select
    from w))::text
-- $1 = 1
-- cost 1
