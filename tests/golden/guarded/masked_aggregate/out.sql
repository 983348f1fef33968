select (
  select concat('[', string_agg('{"count":' || t0.c0::text || ',"sum":{"views":' || coalesce(to_json(t0.c1::text)::text, 'null') || '},"countDistinct":{"slug":' || t0.c2::text || '},"max":{"title":' || coalesce(to_json(t0.c3)::text, 'null') || '}}', ','), ']')
  from (
    select count(*) as c0, sum(t1."views") as c1, count(distinct t1."slug") as c2, max(t1."title") as c3
    from (
      select t2."id", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."slug" end as "slug", t2."title", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."body" end as "body", t2."status", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."tags" end as "tags", t2."views", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."score" end as "score", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."featured" end as "featured", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."meta" end as "meta", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."published_at" end as "published_at", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."shown" end as "shown", t2."author_id", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."editor_id" end as "editor_id", t2."editor_id" as "kapok:raw0", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
      from "schema"."posts" t2
      where ((t2."status" = any($3::"schema"."status"[]) or exists (
            select
            from "schema"."comments" t3
            where t3."post_id" = t2."id" and t3."author_id" = $2::"pg_catalog"."int4")) or (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4"))) t1
    limit $4::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"group":{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '},"count":' || t4.c1::text || '}', ','), ']')
  from (
    select t5."slug" as c0, count(*) as c1
    from (
      select t6."id", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."slug" end as "slug", t6."title", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."body" end as "body", t6."status", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."tags" end as "tags", t6."views", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."score" end as "score", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."featured" end as "featured", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."meta" end as "meta", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."published_at" end as "published_at", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."shown" end as "shown", t6."author_id", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."editor_id" end as "editor_id", t6."editor_id" as "kapok:raw0", (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
      from "schema"."posts" t6
      where ((t6."status" = any($3::"schema"."status"[]) or exists (
            select
            from "schema"."comments" t7
            where t7."post_id" = t6."id" and t7."author_id" = $2::"pg_catalog"."int4")) or (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4"))) t5
    group by t5."slug"
    order by t5."slug"
    limit $4::"pg_catalog"."int8") t4)
-- $1 = published
-- $2 = 1
-- $3 = {"draft"}
-- $4 = 100
