select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."labels" t1
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
