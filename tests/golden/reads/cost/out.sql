select concat('[', string_agg('{"posts":' || t0.c0 || '}', ','), ']')
from (
  select (
    select concat('[', string_agg('{"comments":' || t2.c0 || '}', ','), ']')
    from (
      select (
        select concat('[', string_agg('{"id":' || coalesce('"' || t4.c0::text || '"', 'null') || '}', ','), ']')
        from (
          select t5."id" as c0
          from "schema"."comments" t5
          where t5."post_id" = t3."id"
          limit $1::"pg_catalog"."int8") t4) as c0
      from "schema"."posts" t3
      where t3."author_id" = t1."id"
      limit $1::"pg_catalog"."int8") t2) as c0
  from "schema"."authors" t1
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 111
