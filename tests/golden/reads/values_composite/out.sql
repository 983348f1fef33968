select concat('[', string_agg('{"home":' || coalesce(case when t0.c0 is distinct
      from null then '{"city":' || coalesce(to_json((t0.c0)."city")::text, 'null') || ',"zip":' || coalesce(to_json((t0.c0)."zip")::text, 'null') || ',"height":' || coalesce('"' || (t0.c0)."height"::text || '"', 'null') || ',"__typename":"Place"}' end, 'null') || '}', ','), ']')
from (
  select t1."home" as c0
  from "schema"."authors" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
