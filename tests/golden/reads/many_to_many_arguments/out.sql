select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"posts":' || t0.c1 || ',"postsConnection":' || t0.c2 || ',"postsAggregate":' || t0.c3 || '}', ','), ']')
from (
  select t1."name" as c0, (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
    from (
      select t3."slug" as c0
      from "schema"."posts" t3 join "schema"."post_labels" t4 on t4."post_id" = t3."id"
      where t4."label_id" = t1."id" and t3."views" > $1::"pg_catalog"."int8"
      order by t3."views" desc
      limit $2::"pg_catalog"."int8") t2) as c1, (
    select '{"totalCount":' || (
      select count(*)::text
      from "schema"."posts" t9 join "schema"."post_labels" t10 on t10."post_id" = t9."id"
      where t10."label_id" = t1."id") || ',"nodes":' || t5.c0 || ',"pageInfo":{"hasNextPage":' || t5.c1::text || '}}'
    from (
      select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ',') filter (
          where t6.n <= $2::"pg_catalog"."int8"), ']') as c0, count(*) > $2::"pg_catalog"."int8" as c1
      from (
        select t11.*, row_number() over () as n, count(*) over () as m
        from (
          select t7."slug" as c0
          from "schema"."posts" t7 join "schema"."post_labels" t8 on t8."post_id" = t7."id"
          where t8."label_id" = t1."id"
          order by t7."slug"
          limit $2::"pg_catalog"."int8" + 1) t11) t6) t5) as c2, (
    select concat('[', string_agg('{"count":' || t12.c0::text || ',"sum":{"views":' || coalesce(to_json(t12.c1::text)::text, 'null') || '}}', ','), ']')
    from (
      select count(*) as c0, sum(t13."views") as c1
      from "schema"."posts" t13 join "schema"."post_labels" t14 on t14."post_id" = t13."id"
      where t14."label_id" = t1."id"
      limit $3::"pg_catalog"."int8") t12) as c3
  from "schema"."labels" t1
  order by t1."id"
  limit $3::"pg_catalog"."int8") t0
-- $1 = 100
-- $2 = 1
-- $3 = 100
-- cost 31
