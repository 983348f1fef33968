select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"views":' || coalesce('"' || t0.c1::text || '"', 'null') || ',"author":' || coalesce(t0.c2, 'null') || ',"comments":' || t0.c3 || '}', ','), ']')
from (
  select t1."slug" as c0, t1."views" as c1, (
    select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || ',"email":' || coalesce(to_json((t3."email")::"pg_catalog"."text")::text, 'null') || '}'
    from (
      select t4.*, t4 as "kapok:row", t4.xmin
      from "schema"."authors" t4
      where not (t4."bio" = $1::"pg_catalog"."text")) t3
    where t3."id" = t1."author_id") as c2, (
    select concat('[', string_agg('{"body":' || coalesce(to_json(t5.c0)::text, 'null') || ',"author":' || coalesce(t5.c1, 'null') || '}', ','), ']')
    from (
      select t6."body" as c0, (
        select '{"name":' || coalesce(to_json(t9."name")::text, 'null') || '}'
        from (
          select t10.*, t10 as "kapok:row", t10.xmin
          from "schema"."authors" t10
          where not (t10."bio" = $1::"pg_catalog"."text")) t9
        where t9."id" = t6."author_id") as c1
      from (
        select t7.*, t7.xmin
        from "schema"."comments" t7
        where exists (
          select
          from "schema"."posts" t8
          where t8."id" = t7."post_id" and t8."author_id" = $2::"pg_catalog"."int4")) t6
      where t6."post_id" = t1."id"
      order by t6."id"
      limit $3::"pg_catalog"."int8") t5) as c3
  from (
    select t2.*, t2 as "kapok:row", t2.xmin
    from "schema"."posts" t2
    where (t2."status" = $4::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4")) t1
  order by t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = 
-- $2 = 2
-- $3 = 100
-- $4 = published
