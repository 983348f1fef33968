select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0
  from (
    select t2.*, t2.xmin
    from "schema"."posts" t2
    where t2."status" = $1::"schema"."status") t1
  where t1."title" like $2::"pg_catalog"."text"
  limit $3::"pg_catalog"."int8") t0
