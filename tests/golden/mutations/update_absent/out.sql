with w as (update "schema"."posts" as t1 set "title" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id")
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
  from w t2)
-- $1 = Changed
-- $2 = 99
-- cost 2
