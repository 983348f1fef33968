select '{"totalCount":' || (
  select count(*)::text
  from "schema"."authors" t3) || ',"nodes":' || t0.c0 || '}'
from (
  select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || '}', ','), ']') as c0
  from (
    select t2."id" as c0
    from "schema"."authors" t2
    order by t2."id"
    limit $1::"pg_catalog"."int8") t1) t0
