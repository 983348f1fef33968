select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."authors" t1
  where (t1."email" is not distinct
    from null) = $1::"pg_catalog"."bool"
  order by t1."id"
  limit $2::"pg_catalog"."int8") t0
-- $1 = true
-- $2 = 100
-- cost 1
