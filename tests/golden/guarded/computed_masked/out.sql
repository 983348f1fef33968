select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"excerpt":' || coalesce(t0.c1, 'null') || ',"similar":' || t0.c2 || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select to_json(t4.v)::text
    from (
      select "schema"."excerpt"(t1."kapok:row") as v
      where t1."kapok:gate0" offset 0) t4) as c1, (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t5.c0)::text, 'null') || '}', ','), ']')
    from (
      select t6."slug" as c0
      from (
        select t7."id", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."slug" end as "slug", t7."title", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."body" end as "body", t7."status", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."tags" end as "tags", t7."views", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."score" end as "score", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."featured" end as "featured", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."meta" end as "meta", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."published_at" end as "published_at", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."shown" end as "shown", t7."author_id", case when (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") then t7."editor_id" end as "editor_id", t7 as "kapok:row", t7."editor_id" as "kapok:raw0", (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
        from "schema"."posts_similar"(t1."kapok:row") t7
        where ((t7."status" = any($3::"schema"."status"[]) or exists (
              select
              from "schema"."comments" t8
              where t8."post_id" = t7."id" and t8."author_id" = $2::"pg_catalog"."int4")) or (t7."status" = $1::"schema"."status" or t7."author_id" = $2::"pg_catalog"."int4")) and t1."kapok:gate1") t6
      order by t6."slug"
      limit $4::"pg_catalog"."int8") t5) as c2
  from (
    select t2."id", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."slug" end as "slug", t2."title", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."body" end as "body", t2."status", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."tags" end as "tags", t2."views", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."score" end as "score", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."featured" end as "featured", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."meta" end as "meta", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."published_at" end as "published_at", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."shown" end as "shown", t2."author_id", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."editor_id" end as "editor_id", t2 as "kapok:row", t2."editor_id" as "kapok:raw0", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
    from "schema"."posts" t2
    where ((t2."status" = any($3::"schema"."status"[]) or exists (
          select
          from "schema"."comments" t3
          where t3."post_id" = t2."id" and t3."author_id" = $2::"pg_catalog"."int4")) or (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4"))) t1
  order by t1."id"
  limit $4::"pg_catalog"."int8") t0
-- $1 = published
-- $2 = 1
-- $3 = {"draft"}
-- $4 = 100
