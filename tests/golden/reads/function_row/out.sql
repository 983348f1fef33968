select (
  select '{"slug":' || coalesce(to_json(t0."slug")::text, 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || '}'
  from "schema"."latest_post"() t0
  where not (t0 is null)), (
  select '{"slug":' || coalesce(to_json(t2."slug")::text, 'null') || '}'
  from "schema"."latest_post"("min_views" => $1::"pg_catalog"."int8") t2
  where not (t2 is null)), (
  select '{"slug":' || coalesce(to_json(t3."slug")::text, 'null') || '}'
  from "schema"."latest_post"("min_views" => $2::"pg_catalog"."int8") t3
  where not (t3 is null))
-- $1 = 9223372036854775807
-- $2 = 200
-- cost 4
