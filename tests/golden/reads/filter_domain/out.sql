select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."authors" t1
  where (t1."email"::"pg_catalog"."text" = any($1::"pg_catalog"."text"[]) and t1."email"::"pg_catalog"."text" like $2::"pg_catalog"."text")
  limit $3::"pg_catalog"."int8") t0
-- $1 = {"ada@x.org","no at sign"}
-- $2 = %
-- $3 = 100
-- cost 1
