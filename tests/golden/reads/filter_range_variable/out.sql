select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."shown" && $1::"pg_catalog"."daterange"
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."shown" = $3::"pg_catalog"."daterange"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = ["2024-01-31",)
-- $2 = 100
-- $3 = ["2024-01-01","2024-02-01")
-- cost 2
