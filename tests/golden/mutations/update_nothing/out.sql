with w as (
  select 1 as "kapok.n", t1."id" as "id", t1."title" as "title"
  from "schema"."posts" t1
  where t1."id" = $1::"pg_catalog"."int4" for update of t1)
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"title":' || coalesce(to_json(t2."title")::text, 'null') || '}'
  from w t2)
-- $1 = 1
-- cost 2
