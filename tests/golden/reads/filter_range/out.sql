select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."shown" = $1::"pg_catalog"."daterange"
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."shown" @> $3::"pg_catalog"."daterange"
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where t5."shown" <@ $4::"pg_catalog"."daterange"
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from "schema"."posts" t7
    where t7."shown" && $5::"pg_catalog"."daterange"
    order by t7."slug"
    limit $2::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."slug" as c0
    from "schema"."posts" t9
    where t9."shown" -|- $1::"pg_catalog"."daterange"
    order by t9."slug"
    limit $2::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."slug" as c0
    from "schema"."posts" t11
    where t11."shown" << $6::"pg_catalog"."daterange"
    order by t11."slug"
    limit $2::"pg_catalog"."int8") t10), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."slug" as c0
    from "schema"."posts" t13
    where t13."shown" >> $7::"pg_catalog"."daterange"
    order by t13."slug"
    limit $2::"pg_catalog"."int8") t12), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t14.c0)::text, 'null') || '}', ','), ']')
  from (
    select t15."slug" as c0
    from "schema"."posts" t15
    where t15."shown" @> $8::"pg_catalog"."date"
    order by t15."slug"
    limit $2::"pg_catalog"."int8") t14), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t16.c0)::text, 'null') || '}', ','), ']')
  from (
    select t17."slug" as c0
    from "schema"."posts" t17
    where isempty(t17."shown") = $9::"pg_catalog"."bool"
    order by t17."slug"
    limit $2::"pg_catalog"."int8") t16), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t18.c0)::text, 'null') || '}', ','), ']')
  from (
    select t19."slug" as c0
    from "schema"."posts" t19
    where isempty(t19."shown") = $10::"pg_catalog"."bool"
    order by t19."slug"
    limit $2::"pg_catalog"."int8") t18)
-- $1 = ["2024-01-01","2024-02-01")
-- $2 = 100
-- $3 = ["2024-01-10","2024-01-11")
-- $4 = ["2023-01-01","2025-01-01")
-- $5 = ["2024-01-31",)
-- $6 = ["2024-02-01",)
-- $7 = [,"2024-02-01")
-- $8 = 2024-01-15
-- $9 = true
-- $10 = false
-- cost 10
