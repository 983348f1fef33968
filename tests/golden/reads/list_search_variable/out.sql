select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0
  from "schema"."posts" t1
  where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t1."slug", '') || ' ' || coalesce(t1."title", '') || ' ' || coalesce(t1."body", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $1::"pg_catalog"."text")
  limit $2::"pg_catalog"."int8") t0
-- $1 = hello' & | ! :* "
-- $2 = 100
-- cost 1
