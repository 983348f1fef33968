select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"labels":' || t0.c1 || ',"labelsAggregate":' || t0.c2 || '}', ','), ']')
  from (
    select t1."slug" as c0, (
      select concat('[', string_agg('{"name":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
      from (
        select t4."name" as c0
        from "schema"."labels" t4 join (
          select t6."post_id", t6."label_id"
          from "schema"."post_labels" t6
          where exists (
            select
            from "schema"."posts" t7
            where t7."id" = t6."post_id" and t7."author_id" = $1::"pg_catalog"."int4")) t5 on t5."label_id" = t4."id"
        where t5."post_id" = t1."id"
        order by t4."id"
        limit $2::"pg_catalog"."int8") t3) as c1, (
      select concat('[', string_agg('{"count":' || t8.c0::text || '}', ','), ']')
      from (
        select count(*) as c0
        from "schema"."labels" t9 join (
          select t11."post_id", t11."label_id"
          from "schema"."post_labels" t11
          where exists (
            select
            from "schema"."posts" t12
            where t12."id" = t11."post_id" and t12."author_id" = $1::"pg_catalog"."int4")) t10 on t10."label_id" = t9."id"
        where t10."post_id" = t1."id"
        limit $2::"pg_catalog"."int8") t8) as c2
    from (
      select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
      from "schema"."posts" t2
      where (t2."status" = $3::"schema"."status" or t2."author_id" = $1::"pg_catalog"."int4")) t1
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t13.c0)::text, 'null') || '}', ','), ']')
  from (
    select t14."slug" as c0
    from (
      select t15."id", t15."slug", t15."title", t15."body", t15."status", t15."tags", t15."views", t15."score", t15."featured", t15."meta", t15."published_at", t15."shown", t15."author_id", t15."editor_id"
      from "schema"."posts" t15
      where (t15."status" = $3::"schema"."status" or t15."author_id" = $1::"pg_catalog"."int4")) t14
    where exists (
      select
      from "schema"."labels" t16 join (
        select t18."post_id", t18."label_id"
        from "schema"."post_labels" t18
        where exists (
          select
          from "schema"."posts" t19
          where t19."id" = t18."post_id" and t19."author_id" = $1::"pg_catalog"."int4")) t17 on t17."label_id" = t16."id"
      where t17."post_id" = t14."id" and t16."name" = $4::"pg_catalog"."text")
    limit $2::"pg_catalog"."int8") t13)
-- $1 = 1
-- $2 = 100
-- $3 = published
-- $4 = beginner
