select '{"nodes":' || t0.c0 || '}'
from (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t1.c0)::text, 'null') || ',"posts":' || t1.c1 || '}', ','), ']') as c0
  from (
    select t2."name" as c0, (
      select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
      from (
        select t4."slug" as c0
        from "schema"."posts" t4
        where t4."author_id" = t2."id"
        order by t4."slug"
        limit $1::"pg_catalog"."int8") t3) as c1
    from "schema"."authors" t2
    order by t2."id"
    limit $2::"pg_catalog"."int8") t1) t0
-- $1 = 1
-- $2 = 2
-- cost 2
