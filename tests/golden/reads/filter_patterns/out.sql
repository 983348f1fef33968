select (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."title" as c0
    from "schema"."posts" t1
    where t1."title" like $1::"pg_catalog"."text"
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."title" as c0
    from "schema"."posts" t3
    where t3."title" not like $1::"pg_catalog"."text"
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."title" as c0
    from "schema"."posts" t5
    where t5."title" ilike $3::"pg_catalog"."text"
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."title" as c0
    from "schema"."posts" t7
    where t7."title" not ilike $3::"pg_catalog"."text"
    order by t7."slug"
    limit $2::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
  from (
    select t9."title" as c0
    from "schema"."posts" t9
    where starts_with(t9."title", $4::"pg_catalog"."text")
    order by t9."slug"
    limit $2::"pg_catalog"."int8") t8), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t10.c0)::text, 'null') || '}', ','), ']')
  from (
    select t11."title" as c0
    from "schema"."posts" t11
    where starts_with(lower(t11."title"), lower($5::"pg_catalog"."text"))
    order by t11."slug"
    limit $2::"pg_catalog"."int8") t10), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t12.c0)::text, 'null') || '}', ','), ']')
  from (
    select t13."title" as c0
    from "schema"."posts" t13
    where right(t13."title", length($6::"pg_catalog"."text")) = $6::"pg_catalog"."text"
    order by t13."slug"
    limit $2::"pg_catalog"."int8") t12), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t14.c0)::text, 'null') || '}', ','), ']')
  from (
    select t15."title" as c0
    from "schema"."posts" t15
    where right(lower(t15."title"), length(lower($7::"pg_catalog"."text"))) = lower($7::"pg_catalog"."text")
    order by t15."slug"
    limit $2::"pg_catalog"."int8") t14), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t16.c0)::text, 'null') || '}', ','), ']')
  from (
    select t17."title" as c0
    from "schema"."posts" t17
    where strpos(t17."title", $8::"pg_catalog"."text") > 0
    order by t17."slug"
    limit $2::"pg_catalog"."int8") t16), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t18.c0)::text, 'null') || '}', ','), ']')
  from (
    select t19."title" as c0
    from "schema"."posts" t19
    where strpos(lower(t19."title"), lower($9::"pg_catalog"."text")) > 0
    order by t19."slug"
    limit $2::"pg_catalog"."int8") t18), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t20.c0)::text, 'null') || '}', ','), ']')
  from (
    select t21."title" as c0
    from "schema"."posts" t21
    where t21."title" ~ $10::"pg_catalog"."text"
    order by t21."slug"
    limit $2::"pg_catalog"."int8") t20), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t22.c0)::text, 'null') || '}', ','), ']')
  from (
    select t23."title" as c0
    from "schema"."posts" t23
    where t23."title" !~ $11::"pg_catalog"."text"
    order by t23."slug"
    limit $2::"pg_catalog"."int8") t22), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t24.c0)::text, 'null') || '}', ','), ']')
  from (
    select t25."title" as c0
    from "schema"."posts" t25
    where t25."title" ~* $12::"pg_catalog"."text"
    order by t25."slug"
    limit $2::"pg_catalog"."int8") t24), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t26.c0)::text, 'null') || '}', ','), ']')
  from (
    select t27."title" as c0
    from "schema"."posts" t27
    where t27."title" !~* $13::"pg_catalog"."text"
    order by t27."slug"
    limit $2::"pg_catalog"."int8") t26)
-- $1 = %s%
-- $2 = 100
-- $3 = %S%
-- $4 = 100%
-- $5 = GRAPHS & 
-- $6 = _thing
-- $7 = \TITLE
-- $8 = % s
-- $9 = JOINS IN
-- $10 = ^[A-J].*d$
-- $11 = ^[A-J]
-- $12 = ^hello W
-- $13 = [aeiou]{2}|o w
-- cost 14
