select (
  select '{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1":' || coalesce(to_json(t0."name")::text, 'null') || ',"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2":' || coalesce(to_json((t0."email")::"pg_catalog"."text")::text, 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4")
-- $1 = 1
-- cost 1
