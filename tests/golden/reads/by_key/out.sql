select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t0."name")::text, 'null') || ',"email":' || coalesce(to_json((t0."email")::"pg_catalog"."text")::text, 'null') || ',"bio":' || coalesce(to_json(t0."bio")::text, 'null') || ',"born":' || coalesce(to_json(t0."born")::text, 'null') || ',"rating":' || coalesce('"' || t0."rating"::text || '"', 'null') || ',"managerId":' || coalesce('"' || t0."manager_id"::text || '"', 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4")
-- $1 = 1
-- cost 1
