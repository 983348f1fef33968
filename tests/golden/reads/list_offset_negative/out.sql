select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || '}', ','), ']')
from (
  select t1."id" as c0
  from "schema"."labels" t1
  limit $1::"pg_catalog"."int8" offset $2::"pg_catalog"."int8") t0
