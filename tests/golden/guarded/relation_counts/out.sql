select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from (
      select t2.*, t2.xmin
      from "schema"."posts" t2
      where t2."status" = $1::"schema"."status") t1
    where exists (
      select
      from (
        select t4.*, t4.xmin
        from "schema"."comments" t4
        where exists (
          select
          from "schema"."posts" t5
          where t5."id" = t4."post_id" and t5."status" = $1::"schema"."status")) t3
      where t3."post_id" = t1."id" and t3."body" like $2::"pg_catalog"."text")
    order by t1."slug"
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from (
      select t8.*, t8.xmin
      from "schema"."posts" t8
      where t8."status" = $1::"schema"."status") t7
    where not exists (
      select
      from (
        select t10.*, t10.xmin
        from "schema"."comments" t10
        where exists (
          select
          from "schema"."posts" t11
          where t11."id" = t10."post_id" and t11."status" = $1::"schema"."status")) t9
      where t9."post_id" = t7."id")
    order by t7."slug"
    limit $3::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."slug" as c0
    from (
      select t14.*, t14.xmin
      from "schema"."posts" t14
      where t14."status" = $1::"schema"."status") t13
    where not exists (
      select
      from (
        select t16.*, t16.xmin
        from "schema"."comments" t16
        where exists (
          select
          from "schema"."posts" t17
          where t17."id" = t16."post_id" and t17."status" = $1::"schema"."status")) t15
      where t15."post_id" = t13."id" and (t15."body" like $4::"pg_catalog"."text") is not true)
    order by t13."slug"
    limit $3::"pg_catalog"."int8") t12)
-- $1 = published
-- $2 = %
-- $3 = 50
-- $4 = It%
