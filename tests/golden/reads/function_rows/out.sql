select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"excerpt":' || coalesce(t0.c1, 'null') || ',"author":' || coalesce(t0.c2, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select to_json(t2.v)::text
    from (
      select "schema"."excerpt"(t1) as v offset 0) t2) as c1, (
    select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || '}'
    from "schema"."authors" t3
    where t3."id" = t1."author_id") as c2
  from "schema"."posts_tagged"("tag" => $1::"pg_catalog"."text") t1
  where t1."views" >= $2::"pg_catalog"."int8"
  order by t1."views" desc, t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = sql
-- $2 = 100
-- $3 = 2
-- cost 2
