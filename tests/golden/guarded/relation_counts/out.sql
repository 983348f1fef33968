select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from (
      select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
      from "schema"."posts" t2
      where t2."status" = $1::"schema"."status") t1
    where exists (
      select
      from (
        select t4."id", t4."post_id", t4."author_id", t4."body", t4."created_at", t4."delay"
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
      select t8."id", t8."slug", t8."title", t8."body", t8."status", t8."tags", t8."views", t8."score", t8."featured", t8."meta", t8."published_at", t8."shown", t8."author_id", t8."editor_id"
      from "schema"."posts" t8
      where t8."status" = $1::"schema"."status") t7
    where not exists (
      select
      from (
        select t10."id", t10."post_id", t10."author_id", t10."body", t10."created_at", t10."delay"
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
      select t14."id", t14."slug", t14."title", t14."body", t14."status", t14."tags", t14."views", t14."score", t14."featured", t14."meta", t14."published_at", t14."shown", t14."author_id", t14."editor_id"
      from "schema"."posts" t14
      where t14."status" = $1::"schema"."status") t13
    where not exists (
      select
      from (
        select t16."id", t16."post_id", t16."author_id", t16."body", t16."created_at", t16."delay"
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
