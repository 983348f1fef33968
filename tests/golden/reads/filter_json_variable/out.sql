select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."meta" @> $1::"pg_catalog"."jsonb"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where t3."meta" = $3::"pg_catalog"."jsonb"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = {"stats":{"likes":3}}
-- $2 = 100
-- $3 = [1,2,3]
-- cost 2
