select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."tags" = $1::"pg_catalog"."text"[]
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."tags" <> $1::"pg_catalog"."text"[]
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where $3::"pg_catalog"."text" = any(t5."tags")
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from "schema"."posts" t7
    where t7."tags" @> $4::"pg_catalog"."text"[]
    order by t7."slug"
    limit $2::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."slug" as c0
    from "schema"."posts" t9
    where t9."tags" <@ $4::"pg_catalog"."text"[]
    order by t9."slug"
    limit $2::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."slug" as c0
    from "schema"."posts" t11
    where t11."tags" && $5::"pg_catalog"."text"[]
    order by t11."slug"
    limit $2::"pg_catalog"."int8") t10)
-- $1 = {"sql"}
-- $2 = 100
-- $3 = with, comma
-- $4 = {"sql","intro"}
-- $5 = {"graphs","with, comma"}
-- cost 6
