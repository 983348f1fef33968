select (
  select '{"posts":' || (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t1.c0)::text, 'null') || '}', ','), ']')
    from (
      select t2."slug" as c0
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      limit $1::"pg_catalog"."int8") t1) || ',"postsByEditor":' || (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
    from (
      select t4."slug" as c0
      from "schema"."posts" t4
      where t4."editor_id" = t0."id"
      order by t4."slug"
      limit $1::"pg_catalog"."int8") t3) || '}'
  from "schema"."authors" t0
  where t0."id" = $2::"pg_catalog"."int4")
-- $1 = 100
-- $2 = 1
-- cost 3
