select '{"edges":' || t0.c0 || '}'
from (
  select concat('[', string_agg('{"node":{"excerpt":' || coalesce(t1.c0, 'null') || ',"similar":' || t1.c1 || '}}', ','), ']') as c0
  from (
    select (
      select to_json(t3.v)::text
      from (
        select "schema"."excerpt"(t2) as v offset 0) t3) as c0, (
      select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
      from (
        select t5."slug" as c0
        from "schema"."posts_similar"(t2) t5
        order by t5."slug"
        limit $1::"pg_catalog"."int8") t4) as c1
    from "schema"."posts" t2
    order by t2."slug"
    limit $2::"pg_catalog"."int8") t1) t0
-- $1 = 1
-- $2 = 2
-- cost 2
