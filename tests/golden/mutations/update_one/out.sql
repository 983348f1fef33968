with w as (update "schema"."posts" as t1 set "title" = $1::"pg_catalog"."text", "views" = $2::"pg_catalog"."int8", "editor_id" = $3::"pg_catalog"."int4"
  where t1."id" = $4::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id", t1."title" as "title", t1."views" as "views", t1."editor_id" as "editor_id", t1."length" as "length")
select (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"title":' || coalesce(to_json(t2."title")::text, 'null') || ',"views":' || coalesce('"' || t2."views"::text || '"', 'null') || ',"editorId":' || coalesce('"' || t2."editor_id"::text || '"', 'null') || ',"length":' || coalesce(t2."length"::text, 'null') || '}'
  from w t2)
-- $1 = Changed
-- $2 = 7
-- $3 = null
-- $4 = 1
-- cost 2
