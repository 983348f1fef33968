select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"email":' || coalesce(to_json((t0.c1)::"pg_catalog"."text")::text, 'null') || ',"manager":' || coalesce(t0.c2, 'null') || ',"managerOf":' || t0.c3 || '}', ','), ']')
from (
  select t1."name" as c0, t1."email" as c1, (
    select '{"name":' || coalesce(to_json(t4."name")::text, 'null') || '}'
    from (
      select t5."id", t5."name", case when not (t5."bio" = $1::"pg_catalog"."text") then t5."email" end as "email", t5."bio", t5."born", t5."rating", case when not (t5."bio" = $1::"pg_catalog"."text") then t5."manager_id" end as "manager_id", t5."home", t5."manager_id" as "kapok:raw0", not (t5."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
      from "schema"."authors" t5
      where (not (t5."bio" = $1::"pg_catalog"."text") or exists (
          select
          from "schema"."posts" t6
          where t6."author_id" = t5."id" and t6."status" = $2::"schema"."status"))) t4
    where t4."id" = t1."manager_id") as c2, (
    select concat('[', string_agg('{"name":' || coalesce(to_json(t7.c0)::text, 'null') || '}', ','), ']')
    from (
      select t8."name" as c0
      from (
        select t9."id", t9."name", case when not (t9."bio" = $1::"pg_catalog"."text") then t9."email" end as "email", t9."bio", t9."born", t9."rating", case when not (t9."bio" = $1::"pg_catalog"."text") then t9."manager_id" end as "manager_id", t9."home", t9."manager_id" as "kapok:raw0", not (t9."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
        from "schema"."authors" t9
        where (not (t9."bio" = $1::"pg_catalog"."text") or exists (
            select
            from "schema"."posts" t10
            where t10."author_id" = t9."id" and t10."status" = $2::"schema"."status"))) t8
      where t8."kapok:raw0" = t1."id" and t8."manager_id" = t1."id"
      limit $3::"pg_catalog"."int8") t7) as c3
  from (
    select t2."id", t2."name", case when not (t2."bio" = $1::"pg_catalog"."text") then t2."email" end as "email", t2."bio", t2."born", t2."rating", case when not (t2."bio" = $1::"pg_catalog"."text") then t2."manager_id" end as "manager_id", t2."home", t2."manager_id" as "kapok:raw0", not (t2."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
    from "schema"."authors" t2
    where (not (t2."bio" = $1::"pg_catalog"."text") or exists (
        select
        from "schema"."posts" t3
        where t3."author_id" = t2."id" and t3."status" = $2::"schema"."status"))) t1
  order by t1."id"
  limit $3::"pg_catalog"."int8") t0
-- $1 = 
-- $2 = published
-- $3 = 100
