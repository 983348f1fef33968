with w as (update "schema"."authors" as t1 set "age" = $1::"pg_catalog"."int4"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id")
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
  from w t2)
-- $1 = -1
-- $2 = 1
-- cost 2
