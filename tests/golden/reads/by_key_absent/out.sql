select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4")
-- $1 = 99
-- cost 1
