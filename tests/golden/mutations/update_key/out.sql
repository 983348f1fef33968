with w as (update "schema"."labels" as t1 set "id" = $1::"pg_catalog"."int4", "name" = $2::"pg_catalog"."text"
  where t1."id" = $3::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id", t1."name" as "name")
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
  from w t2)
-- $1 = 5
-- $2 = moved
-- $3 = 2
-- cost 2
