select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"postsConnection":' || t0.c1 || '}', ','), ']')
from (
  select t1."name" as c0, (
    select '{"totalCount":' || (
      select count(*)::text
      from "schema"."posts" t5
      where t5."author_id" = t1."id" and t5."status" <> $1::"schema"."status") || ',"edges":' || t2.c0 || ',"pageInfo":{"hasNextPage":' || t2.c1::text || '}}'
    from (
      select concat('[', string_agg('{"node":{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || ',"author":' || coalesce(t3.c1, 'null') || ',"commentsConnection":' || t3.c2 || '}}', ',') filter (
          where t3.n <= $2::"pg_catalog"."int8"), ']') as c0, count(*) > $2::"pg_catalog"."int8" as c1
      from (
        select t11.*, row_number() over () as n, count(*) over () as m
        from (
          select t4."slug" as c0, (
            select '{"name":' || coalesce(to_json(t6."name")::text, 'null') || '}'
            from "schema"."authors" t6
            where t6."id" = t4."author_id") as c1, (
            select '{"nodes":' || t7.c0 || '}'
            from (
              select concat('[', string_agg('{"body":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','
                  order by t8.n desc), ']') as c0
              from (
                select t10.*, row_number() over () as n, count(*) over () as m
                from (
                  select t9."body" as c0
                  from "schema"."comments" t9
                  where t9."post_id" = t4."id"
                  order by t9."id" desc
                  limit $2::"pg_catalog"."int8") t10) t8) t7) as c2
          from "schema"."posts" t4
          where t4."author_id" = t1."id" and t4."status" <> $1::"schema"."status"
          order by t4."views" desc, t4."id" desc
          limit $2::"pg_catalog"."int8" + 1) t11) t3) t2) as c1
  from "schema"."authors" t1
  order by t1."id"
  limit $3::"pg_catalog"."int8") t0
-- $1 = draft
-- $2 = 1
-- $3 = 2
-- cost 4
