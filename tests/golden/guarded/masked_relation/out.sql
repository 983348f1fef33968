select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"comments":' || t0.c1 || '}', ','), ']')
from (
  select t1."name" as c0, (
    select concat('[', string_agg('{"id":' || coalesce('"' || t4.c0::text || '"', 'null') || ',"body":' || coalesce(to_json(t4.c1)::text, 'null') || '}', ','), ']')
    from (
      select t5."id" as c0, t5."body" as c1
      from (
        select t6."id", t6."post_id", case when exists (
          select
          from "schema"."posts" t9
          where t9."id" = t6."post_id" and t9."author_id" = $1::"pg_catalog"."int4") then t6."author_id" end as "author_id", t6."body", case when exists (
          select
          from "schema"."posts" t10
          where t10."id" = t6."post_id" and t10."author_id" = $1::"pg_catalog"."int4") then t6."created_at" end as "created_at", case when exists (
          select
          from "schema"."posts" t11
          where t11."id" = t6."post_id" and t11."author_id" = $1::"pg_catalog"."int4") then t6."delay" end as "delay", t6."author_id" as "kapok:raw0"
        from "schema"."comments" t6
        where (exists (
            select
            from "schema"."posts" t7
            where t7."id" = t6."post_id" and t7."author_id" = $1::"pg_catalog"."int4") or exists (
            select
            from "schema"."posts" t8
            where t8."id" = t6."post_id" and t8."status" = $2::"schema"."status"))) t5
      where t5."kapok:raw0" = t1."id" and t5."author_id" = t1."id"
      order by t5."id"
      limit $3::"pg_catalog"."int8") t4) as c1
  from (
    select t2."id", t2."name", case when not (t2."bio" = $4::"pg_catalog"."text") then t2."email" end as "email", t2."bio", t2."born", t2."rating", case when not (t2."bio" = $4::"pg_catalog"."text") then t2."manager_id" end as "manager_id", t2."home", t2."manager_id" as "kapok:raw0", not (t2."bio" = $4::"pg_catalog"."text") as "kapok:gate0"
    from "schema"."authors" t2
    where (not (t2."bio" = $4::"pg_catalog"."text") or exists (
        select
        from "schema"."posts" t3
        where t3."author_id" = t2."id" and t3."status" = $2::"schema"."status"))) t1
  order by t1."id"
  limit $3::"pg_catalog"."int8") t0
-- $1 = 2
-- $2 = published
-- $3 = 100
-- $4 = 
