select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."authors" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 1
-- cost 1
