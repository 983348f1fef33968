select (
  select concat('[', string_agg('{"rowVersion":"' || t0.c0::text || '"}', ','), ']')
  from (
    select t1.xmin as c0
    from (
      select t2."id", t2."slug", t2."title", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."body" end as "body", t2."status", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."tags" end as "tags", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."views" end as "views", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."score" end as "score", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."featured" end as "featured", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."meta" end as "meta", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."published_at" end as "published_at", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."shown" end as "shown", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."author_id" end as "author_id", case when (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") then t2."editor_id" end as "editor_id", t2.xmin, t2."author_id" as "kapok:raw0", t2."editor_id" as "kapok:raw1", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
      from "schema"."posts" t2
      where ((t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4") or t2."status" = $1::"schema"."status")) t1
    limit $3::"pg_catalog"."int8") t0), (
  select '{"edges":' || t3.c0 || ',"nodes":' || t3.c1 || '}'
  from (
    select concat('[', string_agg('{"node":{"rowVersion":"' || t4.c0::text || '"}}', ','), ']') as c0, concat('[', string_agg('{"excerpt":' || coalesce(t4.c1, 'null') || '}', ','), ']') as c1
    from (
      select t5.xmin as c0, (
        select to_json(t7.v)::text
        from (
          select "schema"."excerpt"(t5."kapok:row") as v
          where t5."kapok:gate0" offset 0) t7) as c1
      from (
        select t6."id", t6."slug", t6."title", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."body" end as "body", t6."status", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."tags" end as "tags", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."views" end as "views", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."score" end as "score", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."featured" end as "featured", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."meta" end as "meta", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."published_at" end as "published_at", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."shown" end as "shown", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."author_id" end as "author_id", case when (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") then t6."editor_id" end as "editor_id", t6 as "kapok:row", t6.xmin, t6."author_id" as "kapok:raw0", t6."editor_id" as "kapok:raw1", (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") as "kapok:gate0", (t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") as "kapok:gate1"
        from "schema"."posts" t6
        where ((t6."status" = $1::"schema"."status" or t6."author_id" = $2::"pg_catalog"."int4") or t6."status" = $1::"schema"."status")) t5
      order by t5."id"
      limit $3::"pg_catalog"."int8") t4) t3), (
  select concat('[', string_agg('{"rowVersion":"' || t8.c0::text || '","author":' || coalesce(t8.c1, 'null') || '}', ','), ']')
  from (
    select t9.xmin as c0, (
      select '{"rowVersion":"' || t16.xmin::text || '"}'
      from (
        select t17."id", t17."name", case when not (t17."bio" = $4::"pg_catalog"."text") then t17."email" end as "email", t17."bio", t17."born", t17."rating", case when not (t17."bio" = $4::"pg_catalog"."text") then t17."manager_id" end as "manager_id", t17."home", t17.xmin, t17."manager_id" as "kapok:raw0", not (t17."bio" = $4::"pg_catalog"."text") as "kapok:gate0"
        from "schema"."authors" t17
        where (not (t17."bio" = $4::"pg_catalog"."text") or exists (
            select
            from "schema"."posts" t18
            where t18."author_id" = t17."id" and t18."status" = $1::"schema"."status"))) t16
      where t16."id" = t9."author_id") as c1
    from (
      select t10."id", t10."post_id", case when exists (
        select
        from "schema"."posts" t13
        where t13."id" = t10."post_id" and t13."author_id" = $2::"pg_catalog"."int4") then t10."author_id" end as "author_id", t10."body", case when exists (
        select
        from "schema"."posts" t14
        where t14."id" = t10."post_id" and t14."author_id" = $2::"pg_catalog"."int4") then t10."created_at" end as "created_at", case when exists (
        select
        from "schema"."posts" t15
        where t15."id" = t10."post_id" and t15."author_id" = $2::"pg_catalog"."int4") then t10."delay" end as "delay", t10.xmin, t10."author_id" as "kapok:raw0"
      from "schema"."comments" t10
      where (exists (
          select
          from "schema"."posts" t11
          where t11."id" = t10."post_id" and t11."author_id" = $2::"pg_catalog"."int4") or exists (
          select
          from "schema"."posts" t12
          where t12."id" = t10."post_id" and t12."status" = $1::"schema"."status"))) t9
    limit $3::"pg_catalog"."int8") t8)
-- $1 = published
-- $2 = 1
-- $3 = 0
-- $4 = 
