select (
  select '{"name":' || coalesce(to_json(t0."name")::text, 'null') || ',"posts":' || (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t1.c0)::text, 'null') || ',"title":' || coalesce(to_json(t1.c1)::text, 'null') || '}', ','), ']')
    from (
      select t2."slug" as c0, t2."title" as c1
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      order by t2."slug"
      limit $1::"pg_catalog"."int8") t1) || ',"a":' || coalesce(to_json(t0."name")::text, 'null') || ',"email":' || coalesce(to_json((t0."email")::"pg_catalog"."text")::text, 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $2::"pg_catalog"."int4")
-- $1 = 1
-- $2 = 1
-- cost 2
