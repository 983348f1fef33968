select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0
    from "schema"."authors" t1
    where length(t1."name") <= $1::"pg_catalog"."int4"
    order by t1."id"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where cardinality(t3."tags") = any($3::"pg_catalog"."int4"[])
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = 4
-- $2 = 100
-- $3 = {"0","2"}
-- cost 2
