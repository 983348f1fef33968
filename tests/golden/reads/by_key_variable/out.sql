select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"slug":' || coalesce(to_json(t0."slug")::text, 'null') || ',"views":' || coalesce('"' || t0."views"::text || '"', 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = $1::"pg_catalog"."uuid")
-- $1 = 00000000-0000-0000-0000-000000000001
-- cost 1
