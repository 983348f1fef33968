select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where (t1."views" > $1::"pg_catalog"."int8" or (t1."status" = $2::"schema"."status" and cardinality(t1."tags") = $3::"pg_catalog"."int4"))
    order by t1."slug"
    limit $4::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where not (t3."score" > $5::"pg_catalog"."float8")
    order by t3."slug"
    limit $4::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where false
    limit $4::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from "schema"."posts" t7
    where true
    order by t7."slug"
    limit $6::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."slug" as c0
    from "schema"."posts" t9
    order by t9."slug"
    limit $6::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."slug" as c0
    from "schema"."posts" t11
    where not (true)
    limit $4::"pg_catalog"."int8") t10), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."slug" as c0
    from "schema"."posts" t13
    where (exists (
        select
        from "schema"."authors" t14
        where t14."id" = t13."author_id") and (true) and not (not (true)))
    order by t13."slug"
    limit $6::"pg_catalog"."int8") t12), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t15.c0)::text, 'null') || '}', ','), ']')
  from (
    select t16."slug" as c0
    from "schema"."posts" t16
    where (t16."slug" = $7::"pg_catalog"."text")
    limit $4::"pg_catalog"."int8") t15)
-- $1 = 1000
-- $2 = draft
-- $3 = 0
-- $4 = 100
-- $5 = 1.0
-- $6 = 1
-- $7 = joins
-- cost 8
