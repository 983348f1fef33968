select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"name":' || coalesce(to_json(t0.c1)::text, 'null') || '}', ','), ']')
from (
  select t1."id" as c0, t1."name" as c1
  from "schema"."authors" t1
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
