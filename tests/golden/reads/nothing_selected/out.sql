select (
  select '{}'
  from "schema"."authors" t0
  where t0."id" = $1::"pg_catalog"."int4"), (
  select concat('[', string_agg('{}', ','), ']')
  from (
    select
    from "schema"."authors" t2
    limit $2::"pg_catalog"."int8") t1), (
  select '{"edges":' || t3.c0 || ',"pageInfo":{}}'
  from (
    select concat('[', string_agg('{}', ','), ']') as c0
    from (
      select
      from "schema"."authors" t5
      order by t5."id"
      limit $3::"pg_catalog"."int8") t4) t3), (
  select concat('[', string_agg('{}', ','), ']')
  from (
    select count(*) as c0
    from "schema"."posts" t7
    limit $4::"pg_catalog"."int8") t6)
-- $1 = 1
-- $2 = 2
-- $3 = 1
-- $4 = 100
-- cost 4
