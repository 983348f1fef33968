select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"email":' || coalesce(to_json((t0.c1)::"pg_catalog"."text")::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0, t1."email" as c1
    from (
      select t2."id", t2."name", case when not (t2."bio" = $1::"pg_catalog"."text") then t2."email" end as "email", t2."bio", t2."born", t2."rating", case when not (t2."bio" = $1::"pg_catalog"."text") then t2."manager_id" end as "manager_id", t2."home", t2."manager_id" as "kapok:raw0", not (t2."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
      from "schema"."authors" t2
      where (not (t2."bio" = $1::"pg_catalog"."text") or exists (
          select
          from "schema"."posts" t3
          where t3."author_id" = t2."id" and t3."status" = $2::"schema"."status"))) t1
    order by t1."email"::"pg_catalog"."text" desc nulls last, t1."id"
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."name" as c0
    from (
      select t6."id", t6."name", case when not (t6."bio" = $1::"pg_catalog"."text") then t6."email" end as "email", t6."bio", t6."born", t6."rating", case when not (t6."bio" = $1::"pg_catalog"."text") then t6."manager_id" end as "manager_id", t6."home", t6."manager_id" as "kapok:raw0", not (t6."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
      from "schema"."authors" t6
      where (not (t6."bio" = $1::"pg_catalog"."text") or exists (
          select
          from "schema"."posts" t7
          where t7."author_id" = t6."id" and t7."status" = $2::"schema"."status"))) t5
    where t5."email"::"pg_catalog"."text" like $4::"pg_catalog"."text"
    limit $3::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."name" as c0
    from (
      select t10."id", t10."name", case when not (t10."bio" = $1::"pg_catalog"."text") then t10."email" end as "email", t10."bio", t10."born", t10."rating", case when not (t10."bio" = $1::"pg_catalog"."text") then t10."manager_id" end as "manager_id", t10."home", t10."manager_id" as "kapok:raw0", not (t10."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
      from "schema"."authors" t10
      where (not (t10."bio" = $1::"pg_catalog"."text") or exists (
          select
          from "schema"."posts" t11
          where t11."author_id" = t10."id" and t11."status" = $2::"schema"."status"))) t9
    where not (t9."email"::"pg_catalog"."text" like $5::"pg_catalog"."text")
    order by t9."id"
    limit $3::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."name" as c0
    from (
      select t14."id", t14."name", case when not (t14."bio" = $1::"pg_catalog"."text") then t14."email" end as "email", t14."bio", t14."born", t14."rating", case when not (t14."bio" = $1::"pg_catalog"."text") then t14."manager_id" end as "manager_id", t14."home", t14."manager_id" as "kapok:raw0", not (t14."bio" = $1::"pg_catalog"."text") as "kapok:gate0"
      from "schema"."authors" t14
      where (not (t14."bio" = $1::"pg_catalog"."text") or exists (
          select
          from "schema"."posts" t15
          where t15."author_id" = t14."id" and t15."status" = $2::"schema"."status"))) t13
    where t13."email" is not distinct
    from null
    order by t13."id"
    limit $3::"pg_catalog"."int8") t12)
-- $1 = 
-- $2 = published
-- $3 = 100
-- $4 = d@%
-- $5 = a@%
