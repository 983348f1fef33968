select concat('[', string_agg('{"code":' || coalesce(to_json(t0.c0)::text, 'null') || ',"title":' || coalesce(to_json(t0.c1)::text, 'null') || ',"nodeId":"' || replace(encode(convert_to(json_build_array('Team'::text, t0.c0::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}', ','), ']')
from (
  select t1."code" as c0, t1."title" as c1
  from "schema"."teams" t1
  order by t1."code"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
