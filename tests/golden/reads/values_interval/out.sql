select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"delay":' || coalesce(to_json(t0.c1)::text, 'null') || ',"createdAt":' || coalesce(to_json(t0.c2)::text, 'null') || '}', ','), ']')
from (
  select t1."id" as c0, t1."delay" as c1, t1."created_at" as c2
  from "schema"."comments" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
