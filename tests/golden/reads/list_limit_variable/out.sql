select (
  select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || '}', ','), ']')
  from (
    select t1."id" as c0
    from "schema"."labels" t1
    order by t1."id"
    limit $1::"pg_catalog"."int8" offset $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"id":' || coalesce('"' || t2.c0::text || '"', 'null') || '}', ','), ']')
  from (
    select t3."id" as c0
    from "schema"."labels" t3
    limit $3::"pg_catalog"."int8") t2)
-- $1 = 2
-- $2 = 1
-- $3 = 100
-- cost 2
