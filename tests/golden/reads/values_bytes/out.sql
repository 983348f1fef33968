select concat('[', string_agg('{"authorId":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"avatar":' || coalesce('"' || replace(encode(t0.c1, 'base64'), chr(10), '') || '"', 'null') || '}', ','), ']')
from (
  select t1."author_id" as c0, t1."avatar" as c1
  from "schema"."profiles" t1
  order by t1."author_id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
