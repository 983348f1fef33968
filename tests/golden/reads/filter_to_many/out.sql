select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0
    from "schema"."authors" t1
    where exists (
      select
      from "schema"."posts" t2
      where t2."author_id" = t1."id" and t2."status" = $1::"schema"."status")
    order by t1."id"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
  from (
    select t4."name" as c0
    from "schema"."authors" t4
    where not exists (
      select
      from "schema"."posts" t5
      where t5."author_id" = t4."id" and t5."status" = $1::"schema"."status")
    order by t4."id"
    limit $2::"pg_catalog"."int8") t3), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."name" as c0
    from "schema"."authors" t7
    where not exists (
      select
      from "schema"."posts" t8
      where t8."author_id" = t7."id" and (t8."status" = $1::"schema"."status") is not true)
    order by t7."id"
    limit $2::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t9.c0)::text, 'null') || '}', ','), ']')
  from (
    select t10."name" as c0
    from "schema"."authors" t10
    where (exists (
        select
        from "schema"."posts" t11
        where t11."author_id" = t10."id") and not exists (
        select
        from "schema"."posts" t12
        where t12."author_id" = t10."id" and (t12."featured" = $3::"pg_catalog"."bool") is not true))
    order by t10."id"
    limit $2::"pg_catalog"."int8") t9), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t13.c0)::text, 'null') || '}', ','), ']')
  from (
    select t14."name" as c0
    from "schema"."authors" t14
    where exists (
      select
      from "schema"."posts" t15
      where t15."author_id" = t14."id")
    order by t14."id"
    limit $2::"pg_catalog"."int8") t13), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t16.c0)::text, 'null') || '}', ','), ']')
  from (
    select t17."name" as c0
    from "schema"."authors" t17
    where not exists (
      select
      from "schema"."posts" t18
      where t18."author_id" = t17."id")
    limit $2::"pg_catalog"."int8") t16)
-- $1 = published
-- $2 = 100
-- $3 = true
-- cost 6
