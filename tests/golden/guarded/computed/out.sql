select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"excerpt":' || coalesce(t0.c1, 'null') || ',"similar":' || t0.c2 || ',"author":' || coalesce(t0.c3, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select to_json(t3.v)::text
    from (
      select "schema"."excerpt"(t1."kapok:row") as v offset 0) t3) as c1, (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || ',"excerpt":' || coalesce(t4.c1, 'null') || '}', ','), ']')
    from (
      select t5."slug" as c0, (
        select to_json(t7.v)::text
        from (
          select "schema"."excerpt"(t5."kapok:row") as v offset 0) t7) as c1
      from (
        select t6.*, t6 as "kapok:row"
        from "schema"."posts_similar"(t1."kapok:row") t6
        where (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4")) t5
      order by t5."slug"
      limit $3::"pg_catalog"."int8") t4) as c2, (
    select '{"name":' || coalesce(to_json(t8."name")::text, 'null') || ',"best":' || coalesce((
        select '{"slug":' || coalesce(to_json(t10."slug")::text, 'null') || '}'
        from (
          select t11.*, t11 as "kapok:row"
          from "schema"."authors_best"(t8."kapok:row") t11
          where (t11."status" = $1::"schema"."status" or t11."author_id" = $2::"pg_catalog"."int4")) t10
        where not (t10."kapok:row" is null)), 'null') || '}'
    from (
      select t9."id", t9."name", t9."email", t9."bio", t9."born", t9."rating", t9."manager_id", t9."home", t9 as "kapok:row"
      from "schema"."authors" t9
      where not (t9."bio" = $4::"pg_catalog"."text")) t8
    where t8."id" = t1."author_id") as c3
  from (
    select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id", t2 as "kapok:row"
    from "schema"."posts" t2
    where (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4")) t1
  order by t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = published
-- $2 = 2
-- $3 = 100
-- $4 = 
