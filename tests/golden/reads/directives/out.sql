select (
  select '{"name":' || coalesce(to_json(t0."name")::text, 'null') || ',"born":' || coalesce(to_json(t0."born")::text, 'null') || ',"id":' || coalesce('"' || t0."id"::text || '"', 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4")
-- $1 = 1
-- cost 1
