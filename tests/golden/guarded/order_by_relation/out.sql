select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"author":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select '{"name":' || coalesce(to_json(t5."name")::text, 'null') || '}'
    from (
      select t6."id", t6."name", t6."email", t6."bio", t6."born", t6."rating", t6."manager_id", t6."home"
      from "schema"."authors" t6
      where not (t6."bio" = $1::"pg_catalog"."text")) t5
    where t5."id" = t1."author_id") as c1
  from (
    select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
    from "schema"."posts" t2
    where (t2."status" = $2::"schema"."status" or t2."author_id" = $3::"pg_catalog"."int4")) t1 left join (
    select t4."id", t4."name", t4."email", t4."bio", t4."born", t4."rating", t4."manager_id", t4."home"
    from "schema"."authors" t4
    where not (t4."bio" = $1::"pg_catalog"."text")) t3 on t3."id" = t1."author_id"
  order by t3."name" desc, t1."slug"
  limit $4::"pg_catalog"."int8") t0
-- $1 = 
-- $2 = published
-- $3 = 4
-- $4 = 100
