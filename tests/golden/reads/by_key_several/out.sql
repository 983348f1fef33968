select (
  select '{"name":' || coalesce(to_json(t0."name")::text, 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4"), (
  select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
  from "schema"."authors" t1
  where t1."id" = $2::"pg_catalog"."int4"), (
  select '{"profile":' || coalesce((
      select '{"theme":' || coalesce(to_json(t3."theme")::text, 'null') || '}'
      from "schema"."profiles" t3
      where t3."author_id" = t2."id"), 'null') || '}'
  from "schema"."authors" t2
  where t2."id" = $3::"pg_catalog"."int4")
-- $1 = 1
-- $2 = 2
-- $3 = 3
-- cost 4
