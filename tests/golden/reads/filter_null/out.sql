select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0
    from "schema"."authors" t1
    where t1."email" is not distinct
    from null
    order by t1."id"
    limit $1::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."name" as c0
    from "schema"."authors" t3
    where t3."email" is distinct
    from null
    order by t3."id"
    limit $1::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."name" as c0
    from "schema"."authors" t5
    where t5."rating" is distinct
    from $2::"pg_catalog"."numeric"
    order by t5."id"
    limit $1::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."name" as c0
    from "schema"."authors" t7
    where t7."rating" is distinct
    from $3::"pg_catalog"."numeric"
    order by t7."id"
    limit $1::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."name" as c0
    from "schema"."authors" t9
    where t9."rating" is not distinct
    from $3::"pg_catalog"."numeric"
    limit $1::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."name" as c0
    from "schema"."authors" t11
    where t11."home" is not distinct
    from null
    order by t11."id"
    limit $1::"pg_catalog"."int8") t10)
-- $1 = 100
-- $2 = 7.25
-- $3 = null
-- cost 6
