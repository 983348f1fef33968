select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."status" = any($1::"schema"."status"[])
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."status" <> all($1::"schema"."status"[])
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where t5."slug" = any($3::"pg_catalog"."text"[])
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from "schema"."posts" t7
    where t7."slug" = any($4::"pg_catalog"."text"[])
    limit $2::"pg_catalog"."int8") t6)
-- $1 = {"draft","in review"}
-- $2 = 100
-- $3 = {}
-- $4 = {"joins"}
-- cost 4
