select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"posts":' || t0.c1 || '}', ','), ']')
from (
  select t1."name" as c0, (
    select concat('[', string_agg('{"title":' || coalesce(to_json(t2.c0)::text, 'null') || ',"comments":' || t2.c1 || '}', ','), ']')
    from (
      select t3."title" as c0, (
        select concat('[', string_agg('{"body":' || coalesce(to_json(t4.c0)::text, 'null') || ',"author":' || coalesce(t4.c1, 'null') || '}', ','), ']')
        from (
          select t5."body" as c0, (
            select '{"name":' || coalesce(to_json(t6."name")::text, 'null') || '}'
            from "schema"."authors" t6
            where t6."id" = t5."author_id") as c1
          from "schema"."comments" t5
          where t5."post_id" = t3."id"
          order by t5."id"
          limit $1::"pg_catalog"."int8") t4) as c1
      from "schema"."posts" t3
      where t3."author_id" = t1."id" and t3."status" = $2::"schema"."status"
      order by t3."views" desc
      limit $3::"pg_catalog"."int8") t2) as c1
  from "schema"."authors" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- $2 = published
-- $3 = 1
-- cost 121
