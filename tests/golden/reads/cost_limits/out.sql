select concat('[', string_agg('{"posts":' || t0.c0 || ',"profile":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select (
    select concat('[', string_agg('{"comments":' || t2.c0 || '}', ','), ']')
    from (
      select (
        select concat('[', string_agg('{"author":' || coalesce(t4.c0, 'null') || '}', ','), ']')
        from (
          select (
            select '{"name":' || coalesce(to_json(t6."name")::text, 'null') || '}'
            from "schema"."authors" t6
            where t6."id" = t5."author_id") as c0
          from "schema"."comments" t5
          where t5."post_id" = t3."id"
          limit $1::"pg_catalog"."int8") t4) as c0
      from "schema"."posts" t3
      where t3."author_id" = t1."id"
      limit $2::"pg_catalog"."int8") t2) as c0, (
    select '{"theme":' || coalesce(to_json(t7."theme")::text, 'null') || '}'
    from "schema"."profiles" t7
    where t7."author_id" = t1."id") as c1
  from "schema"."authors" t1
  limit $3::"pg_catalog"."int8") t0
-- $1 = 1
-- $2 = 20
-- $3 = 11
-- cost 13
