select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"views":' || coalesce('"' || t0.c1::text || '"', 'null') || ',"author":' || coalesce(t0.c2, 'null') || ',"comments":' || t0.c3 || '}', ','), ']')
from (
  select t1."slug" as c0, t1."views" as c1, (
    select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || ',"email":' || coalesce(to_json((t3."email")::"pg_catalog"."text")::text, 'null') || '}'
    from (
      select t4."id", t4."name", t4."email", t4."bio", t4."born", t4."rating", t4."manager_id", t4."home"
      from "schema"."authors" t4
      where not (t4."bio" = $1::"pg_catalog"."text")) t3
    where t3."id" = t1."author_id") as c2, (
    select concat('[', string_agg('{"body":' || coalesce(to_json(t5.c0)::text, 'null') || ',"author":' || coalesce(t5.c1, 'null') || '}', ','), ']')
    from (
      select t6."body" as c0, (
        select '{"name":' || coalesce(to_json(t9."name")::text, 'null') || '}'
        from (
          select t10."id", t10."name", t10."email", t10."bio", t10."born", t10."rating", t10."manager_id", t10."home"
          from "schema"."authors" t10
          where not (t10."bio" = $1::"pg_catalog"."text")) t9
        where t9."id" = t6."author_id") as c1
      from (
        select t7."id", t7."post_id", t7."author_id", t7."body", t7."created_at", t7."delay"
        from "schema"."comments" t7
        where exists (
          select
          from "schema"."posts" t8
          where t8."id" = t7."post_id" and t8."author_id" = $2::"pg_catalog"."int4")) t6
      where t6."post_id" = t1."id"
      order by t6."id"
      limit $3::"pg_catalog"."int8") t5) as c3
  from (
    select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
    from "schema"."posts" t2
    where (t2."status" = $4::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4")) t1
  order by t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = 
-- $2 = 2
-- $3 = 100
-- $4 = published
