select (
  select '{"title":' || coalesce(to_json(t0."title")::text, 'null') || '}'
  from "schema"."posts" t0
  where t0."slug" = $1::"pg_catalog"."text"), (
  select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
  from "schema"."authors" t1
  where t1."email"::"pg_catalog"."text" = $2::"pg_catalog"."text")
-- $1 = joins
-- $2 = b@x.org
-- cost 2
