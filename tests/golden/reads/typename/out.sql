select (
  select '{"__typename":"Author","posts":' || (
    select concat('[', string_agg('{"__typename":"Post"}', ','), ']')
    from (
      select
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      limit $1::"pg_catalog"."int8") t1) || ',"postsConnection":' || (
    select '{"__typename":"PostConnection","edges":' || t3.c0 || ',"pageInfo":{"__typename":"PageInfo"}}'
    from (
      select concat('[', string_agg('{"__typename":"PostEdge","node":{"__typename":"Post"}}', ','), ']') as c0
      from (
        select
        from "schema"."posts" t5
        where t5."author_id" = t0."id"
        order by t5."id"
        limit $1::"pg_catalog"."int8") t4) t3) || ',"postsAggregate":' || (
    select concat('[', string_agg('{"__typename":"PostAggregate","group":null,"sum":{"__typename":"PostAggregateSum"}}', ','), ']')
    from (
      select count(*) as c0
      from "schema"."posts" t7
      where t7."author_id" = t0."id"
      limit $2::"pg_catalog"."int8") t6) || ',"home":' || coalesce(case when t0."home" is distinct
    from null then '{"__typename":"Place"}' end, 'null') || '}'
  from "schema"."authors" t0
  where t0."id" = $3::"pg_catalog"."int4")
-- $1 = 1
-- $2 = 100
-- $3 = 1
-- cost 4
