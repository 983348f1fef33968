select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."views" = $1::"pg_catalog"."int8"
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."views" <> $1::"pg_catalog"."int8"
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where t5."views" > $1::"pg_catalog"."int8"
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from "schema"."posts" t7
    where t7."views" >= $1::"pg_catalog"."int8"
    order by t7."slug"
    limit $2::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."slug" as c0
    from "schema"."posts" t9
    where t9."views" < $1::"pg_catalog"."int8"
    order by t9."slug"
    limit $2::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."slug" as c0
    from "schema"."posts" t11
    where t11."views" <= $1::"pg_catalog"."int8"
    order by t11."slug"
    limit $2::"pg_catalog"."int8") t10), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."slug" as c0
    from "schema"."posts" t13
    where (t13."views" > $3::"pg_catalog"."int8" and t13."views" < $4::"pg_catalog"."int8" and t13."views" <> $1::"pg_catalog"."int8")
    order by t13."slug"
    limit $2::"pg_catalog"."int8") t12)
-- $1 = 100
-- $2 = 100
-- $3 = 7
-- $4 = 9007199254740994
-- cost 7
