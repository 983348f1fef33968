with w as (update "schema"."posts" as t1 set "shown" = $1::"pg_catalog"."daterange"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id")
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
  from w t2)
-- $1 = ["2024-02-01","2024-01-01")
-- $2 = 1
-- cost 2
