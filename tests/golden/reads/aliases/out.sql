select (
  select '{"id":' || coalesce(to_json(t0."name")::text, 'null') || ',"name":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"select":' || coalesce(to_json((t0."email")::"pg_catalog"."text")::text, 'null') || ',"order":' || coalesce(to_json(t0."bio")::text, 'null') || ',"t0":' || coalesce(to_json(t0."born")::text, 'null') || ',"c0":' || coalesce('"' || t0."rating"::text || '"', 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4")
-- $1 = 1
-- cost 1
