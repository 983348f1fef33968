select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0
    from "schema"."authors" t1
    order by t1."rating", t1."id"
    limit $1::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."name" as c0
    from "schema"."authors" t3
    order by t3."rating" desc, t3."id"
    limit $1::"pg_catalog"."int8") t2)
-- $1 = 100
-- cost 2
